// SPDX-License-Identifier: MIT
// Two owners in two processes share nothing.
// error: shared ownership ends at the border of a process
#include <heddle/serialize.hpp>

#include <memory>

using namespace heddle::process;

#ifdef CORRECT
void send(byte_sink& sink, const std::unique_ptr<int>& value) { encode(sink, value); }
#else
void send(byte_sink& sink, const std::shared_ptr<int>& value) { encode(sink, value); }
#endif
