// SPDX-License-Identifier: MIT
// What a serialize function names must be able to travel, too.
// error: a pointer cannot travel
#include <heddle/serialize.hpp>

using namespace heddle::process;

#ifdef CORRECT
class account {
 public:
  template <class Archive>
  void serialize(Archive& archive) {
    archive(*owner_);
  }

 private:
  int* owner_ = nullptr;
};
void send(byte_sink& sink, const account& value) { encode(sink, value); }
#else
class account {
 public:
  template <class Archive>
  void serialize(Archive& archive) {
    archive(owner_);
  }

 private:
  int* owner_ = nullptr;
};
void send(byte_sink& sink, const account& value) { encode(sink, value); }
#endif
