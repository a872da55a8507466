// SPDX-License-Identifier: MIT
// Which member of a union is alive is not known.
// error: nobody can tell which member of a union is alive
#include <heddle/serialize.hpp>

#include <variant>

using namespace heddle::process;

#ifdef CORRECT
using number = std::variant<int, float>;
void send(byte_sink& sink, const number& value) { encode(sink, value); }
#else
union number {
  int integer;
  float real;
};
void send(byte_sink& sink, const number& value) { encode(sink, value); }
#endif
