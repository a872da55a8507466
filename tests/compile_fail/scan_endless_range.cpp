// SPDX-License-Identifier: MIT
// There are always more running totals of all numbers.
// error: endless range would never end
#include <functional>
#include <heddle/parallel_scan.hpp>
#include <ranges>

auto sums() {
#ifdef CORRECT
  return heddle::parallel_inclusive_scan(std::views::iota(0, 10), std::plus<>());
#else
  return heddle::parallel_inclusive_scan(std::views::iota(0), std::plus<>());
#endif
}
