// SPDX-License-Identifier: MIT
// What a call in another process writes into a span would be lost.
// error: one of mutable elements cannot
#include <heddle/serialize.hpp>

#include <span>
#include <string>

using namespace heddle::process;

#ifdef CORRECT
void send(byte_sink& sink, std::span<const std::string> values) { encode_argument(sink, values); }
#else
void send(byte_sink& sink, std::span<std::string> values) { encode_argument(sink, values); }
#endif
