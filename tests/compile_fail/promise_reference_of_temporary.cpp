// SPDX-License-Identifier: MIT
// A promise<T&> refers to an object that stays: an lvalue.
// error: an lvalue of type T
#include <heddle/future.hpp>

void refer(heddle::promise<int&>& reference, int& value) {
#ifdef CORRECT
  reference.set_value(value);
#else
  reference.set_value(value + 1);
#endif
}
