// SPDX-License-Identifier: MIT
// A std::function may hold anything, pointers to its creator above all.
// error: a std::function hides what it holds
#include <heddle/serialize.hpp>

#include <functional>

using namespace heddle::process;

#ifdef CORRECT
void send(byte_sink& sink, const std::plus<int>& value) { encode(sink, value); }
#else
void send(byte_sink& sink, const std::function<int(int)>& value) { encode(sink, value); }
#endif
