// SPDX-License-Identifier: MIT
// A partial has no more values than its function has parameters.
// error: fewer parameters than there are values
#include <heddle/partial.hpp>

int negative(int x) { return -x; }

void call() {
#ifdef CORRECT
  static_cast<void>(heddle::partial(negative, 1));
#else
  static_cast<void>(heddle::partial(negative, 1, 2));
#endif
}
