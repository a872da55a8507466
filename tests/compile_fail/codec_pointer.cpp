// SPDX-License-Identifier: MIT
// A pointer in what is sent: it would point into another process's memory.
// error: a pointer cannot travel
#include <heddle/serialize.hpp>

#include <vector>

using namespace heddle::process;

#ifdef CORRECT
void send(byte_sink& sink, const std::vector<int>& values) { encode(sink, values); }
#else
void send(byte_sink& sink, const std::vector<int*>& values) { encode(sink, values); }
#endif
