// SPDX-License-Identifier: MIT
// A promise makes its value from what set_value() is given.
// error: a T cannot be made from this
#include <heddle/future.hpp>
#include <string>

void set(heddle::promise<std::string>& name, int number) {
#ifdef CORRECT
  name.set_value(std::to_string(number));
#else
  name.set_value(&number);
#endif
}
