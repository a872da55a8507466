// SPDX-License-Identifier: MIT
// A struct that refers to something it does not own.
// error: a reference cannot travel
#include <heddle/serialize.hpp>

#include <string>

using namespace heddle::process;

#ifdef CORRECT
struct message {
  std::string text;
};
void send(byte_sink& sink, const message& value) { encode(sink, value); }
#else
struct message {
  const std::string& text;
};
void send(byte_sink& sink, const message& value) { encode(sink, value); }
#endif
