// SPDX-License-Identifier: MIT
// What a function returns is not the member that it is a copy of.
// error: names what is loaded
#include <heddle/serialize.hpp>

#include <string>

class person {
 public:
  std::string name() const { return name_; }
  template <class Archive>
  void serialize(Archive& archive) {
#ifdef CORRECT
    archive(name_);
#else
    archive(name());
#endif
  }

 private:
  std::string name_;
};

person receive(heddle::process::byte_source& source) { return heddle::process::decode<person>(source); }
