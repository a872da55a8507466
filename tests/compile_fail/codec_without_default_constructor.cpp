// SPDX-License-Identifier: MIT
// A class that is loaded must be made first.
// error: is made by its default constructor before it is loaded
#include <heddle/serialize.hpp>

using namespace heddle::process;

#ifdef CORRECT
class account {
 public:
  account() = default;
  explicit account(int balance) : balance_(balance) {}
  template <class Archive>
  void serialize(Archive& archive) {
    archive(balance_);
  }

 private:
  int balance_ = 0;
};
auto receive(byte_source& source) { return decode<account>(source); }
#else
class account {
 public:
  explicit account(int balance) : balance_(balance) {}
  template <class Archive>
  void serialize(Archive& archive) {
    archive(balance_);
  }

 private:
  int balance_ = 0;
};
auto receive(byte_source& source) { return decode<account>(source); }
#endif
