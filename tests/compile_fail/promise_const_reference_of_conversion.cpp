// SPDX-License-Identifier: MIT
// A promise<const T&> does not refer to a temporary that a conversion makes.
// error: an lvalue of type T
#include <heddle/future.hpp>
#include <string>

void refer(heddle::promise<const std::string&>& reference, const std::string& name) {
#ifdef CORRECT
  reference.set_value(name);
#else
  static_cast<void>(name);
  reference.set_value("a temporary");
#endif
}
