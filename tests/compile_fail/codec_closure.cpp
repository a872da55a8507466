// SPDX-License-Identifier: MIT
// A lambda that captures is its captures, of which nothing is known.
// error: a lambda that captures cannot travel
#include <heddle/serialize.hpp>

using namespace heddle::process;

#ifdef CORRECT
void send(byte_sink& sink, int factor) {
  encode(sink, [](int x) { return x * 2; });
  static_cast<void>(factor);
}
#else
void send(byte_sink& sink, int factor) {
  encode(sink, [factor](int x) { return x * factor; });
  static_cast<void>(factor);
}
#endif
