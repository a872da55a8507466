// SPDX-License-Identifier: MIT
// An operation that returns nothing has combined nothing.
// error: return it, not void
#include <heddle/parallel_reduce.hpp>
#include <vector>

int sum(const std::vector<int>& xs) {
#ifdef CORRECT
  return heddle::parallel_reduce(xs, 0, [](int a, int b) { return a + b; });
#else
  return heddle::parallel_reduce(xs, 0, [](int a, int b) { a += b; });
#endif
}
