// SPDX-License-Identifier: MIT
// Nobody can tell what is in a std::any.
// error: hide the type of what they hold
#include <heddle/serialize.hpp>

#include <any>
#include <variant>

using namespace heddle::process;

#ifdef CORRECT
void send(byte_sink& sink, const std::variant<int, bool>& value) { encode(sink, value); }
#else
void send(byte_sink& sink, const std::any& value) { encode(sink, value); }
#endif
