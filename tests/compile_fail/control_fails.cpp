// SPDX-License-Identifier: MIT
// Control: a static_assert inside a template fails with its text, and its correct twin compiles.
// error: the control's own message
#include <heddle/version.hpp>

template <class T>
void take(T) {
  static_assert(sizeof(T) == 1, "the control's own message");
}

#ifdef CORRECT
void call() { take('a'); }
#else
void call() { take(1); }
#endif
