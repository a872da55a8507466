// SPDX-License-Identifier: MIT
// A parallel scan calls one operation from many threads, so it may not change itself.
// error: remove `mutable`
#include <heddle/parallel_scan.hpp>
#include <vector>

auto sums(const std::vector<int>& xs) {
#ifdef CORRECT
  return heddle::parallel_inclusive_scan(xs, [](int a, int b) { return a + b; });
#else
  return heddle::parallel_inclusive_scan(xs, [calls = 0](int a, int b) mutable { return ++calls, a + b; });
#endif
}
