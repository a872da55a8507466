// SPDX-License-Identifier: MIT
// The type of init is the type of the sum: 0 would cut off all fractions.
// error: write 0\.0 instead of 0
#include <functional>
#include <heddle/parallel_reduce.hpp>
#include <vector>

double sum(const std::vector<double>& xs) {
#ifdef CORRECT
  return heddle::parallel_reduce(xs, 0.0, std::plus<>());
#else
  return heddle::parallel_reduce(xs, 0, std::plus<>());
#endif
}
