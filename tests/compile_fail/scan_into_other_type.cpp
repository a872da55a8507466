// SPDX-License-Identifier: MIT
// A number is no string.
// error: give it their type
#include <functional>
#include <heddle/parallel_scan.hpp>
#include <string>
#include <vector>

void sums(const std::vector<double>& xs, std::vector<double>& numbers, std::vector<std::vector<int>>& others) {
#ifdef CORRECT
  heddle::parallel_inclusive_scan(xs, numbers, std::plus<>());
  static_cast<void>(others);
#else
  heddle::parallel_inclusive_scan(xs, others, std::plus<>());
  static_cast<void>(numbers);
#endif
}
