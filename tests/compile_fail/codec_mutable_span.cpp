// SPDX-License-Identifier: MIT
// What a call in another process writes into a span would be lost.
// error: one of mutable elements cannot
#include <heddle/serialize.hpp>

#include <span>

using namespace heddle::process;

#ifdef CORRECT
void send(byte_sink& sink, std::span<const int> values) { encode_argument(sink, values); }
#else
void send(byte_sink& sink, std::span<int> values) { encode_argument(sink, values); }
#endif
