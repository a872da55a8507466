// SPDX-License-Identifier: MIT
// Structured bindings have to be written out, which ends at 16.
// error: a struct of more than 16 members, or with a C array of many elements, does not travel by itself
#include <heddle/serialize.hpp>

using namespace heddle::process;

#ifdef CORRECT
struct many {
  int a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p;
};
void send(byte_sink& sink, const many& value) { encode(sink, value); }
#else
struct many {
  int a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q;
};
void send(byte_sink& sink, const many& value) { encode(sink, value); }
#endif
