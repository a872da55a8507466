// SPDX-License-Identifier: MIT
// parallel_reduce() calls one operation from many threads, so it may not change itself.
// error: remove `mutable`
#include <heddle/parallel_reduce.hpp>
#include <vector>

int sum(const std::vector<int>& xs) {
#ifdef CORRECT
  return heddle::parallel_reduce(xs, 0, [](int a, int b) { return a + b; });
#else
  return heddle::parallel_reduce(xs, 0, [calls = 0](int a, int b) mutable { return ++calls, a + b; });
#endif
}
