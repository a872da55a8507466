// SPDX-License-Identifier: MIT
// A class with private members says how it travels.
// error: how to send this class to another process is not known
#include <heddle/serialize.hpp>

using namespace heddle::process;

#ifdef CORRECT
class account {
 public:
  account() : balance_(0) {}
  template <class Archive>
  void serialize(Archive& archive) {
    archive(balance_);
  }

 private:
  int balance_;
};
void send(byte_sink& sink, const account& value) { encode(sink, value); }
#else
class account {
 public:
  account() : balance_(0) {}

 private:
  int balance_;
};
void send(byte_sink& sink, const account& value) { encode(sink, value); }
#endif
