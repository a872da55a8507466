// SPDX-License-Identifier: MIT
// What partial() calls has no captures: they are its values.
// error: give what it captures as values
#include <heddle/partial.hpp>

int call(int n) {
#ifdef CORRECT
  return heddle::partial([](int its_n, int x, int y) { return its_n + x + y; }, n, 1)(2);
#else
  return heddle::partial([n](int x, int y) { return n + x + y; }, 1)(2);
#endif
}
