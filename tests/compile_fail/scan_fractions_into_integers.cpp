// SPDX-License-Identifier: MIT
// The type of init is the type of the totals: 0 would cut off all fractions.
// error: write 0\.0 instead of 0
#include <functional>
#include <heddle/parallel_scan.hpp>
#include <vector>

auto sums(const std::vector<double>& xs) {
#ifdef CORRECT
  return heddle::parallel_exclusive_scan(xs, 0.0, std::plus<>());
#else
  return heddle::parallel_exclusive_scan(xs, 0, std::plus<>());
#endif
}
