// SPDX-License-Identifier: MIT
// A transform gets one element.
// error: take one parameter of the element
#include <functional>
#include <heddle/parallel_reduce.hpp>
#include <vector>

int squares(const std::vector<int>& xs) {
#ifdef CORRECT
  return heddle::parallel_reduce(xs, 0, std::plus<>(), [](int x) { return x * x; });
#else
  return heddle::parallel_reduce(xs, 0, std::plus<>(), [](int x, int y) { return x * y; });
#endif
}
