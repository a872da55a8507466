// SPDX-License-Identifier: MIT
// An operation that returns nothing has combined nothing.
// error: return it, not void
#include <heddle/parallel_scan.hpp>
#include <vector>

auto sums(const std::vector<int>& xs) {
#ifdef CORRECT
  return heddle::parallel_inclusive_scan(xs, [](int a, int b) { return a + b; });
#else
  return heddle::parallel_inclusive_scan(xs, [](int a, int b) { a += b; });
#endif
}
