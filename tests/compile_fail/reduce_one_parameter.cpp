// SPDX-License-Identifier: MIT
// A reduction combines two values.
// error: with two values of the type of
#include <heddle/parallel_reduce.hpp>
#include <vector>

int sum(const std::vector<int>& xs) {
#ifdef CORRECT
  return heddle::parallel_reduce(xs, 0, [](int a, int b) { return a + b; });
#else
  return heddle::parallel_reduce(xs, 0, [](int a) { return a; });
#endif
}
