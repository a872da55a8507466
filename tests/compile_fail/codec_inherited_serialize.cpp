// SPDX-License-Identifier: MIT
// A base class's serialize does not send the members of a derived class.
// error: has members that its serialize, which is its base's, does not know
#include <heddle/serialize.hpp>

#include <string>

using namespace heddle::process;

#ifdef CORRECT
struct base {
  int a = 0;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(a);
  }
};
struct derived : base {
  std::string b;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(static_cast<base&>(*this), b);
  }
};
void send(byte_sink& sink, const derived& value) { encode(sink, value); }
#else
struct base {
  int a = 0;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(a);
  }
};
struct derived : base {
  std::string b;
};
void send(byte_sink& sink, const derived& value) { encode(sink, value); }
#endif
