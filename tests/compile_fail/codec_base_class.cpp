// SPDX-License-Identifier: MIT
// A struct with a base class has no structured bindings.
// error: a struct that has a base class does not travel by itself
#include <heddle/serialize.hpp>

using namespace heddle::process;

#ifdef CORRECT
struct base {
  int a;
};
struct derived : base {
  int b;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(static_cast<base&>(*this), b);
  }
};
void send(byte_sink& sink, const derived& value) { encode(sink, value); }
#else
struct base {
  int a;
};
struct derived : base {
  int b;
};
void send(byte_sink& sink, const derived& value) { encode(sink, value); }
#endif
