// SPDX-License-Identifier: MIT
// The value of a promise<void> is nothing.
// error: without arguments
#include <heddle/future.hpp>

void finish(heddle::promise<void>& done) {
#ifdef CORRECT
  done.set_value();
#else
  done.set_value(1);
#endif
}
