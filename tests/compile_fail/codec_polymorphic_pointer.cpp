// SPDX-License-Identifier: MIT
// Through a pointer to a base class only the base class would be sent.
// error: would lose its own type on the way
#include <heddle/serialize.hpp>

#include <memory>

using namespace heddle::process;

#ifdef CORRECT
struct shape final {
  virtual ~shape() = default;
  template <class Archive>
  void serialize(Archive&) {}
};
void send(byte_sink& sink, const std::unique_ptr<shape>& value) { encode(sink, value); }
#else
struct shape {
  virtual ~shape() = default;
  template <class Archive>
  void serialize(Archive&) {}
};
void send(byte_sink& sink, const std::unique_ptr<shape>& value) { encode(sink, value); }
#endif
