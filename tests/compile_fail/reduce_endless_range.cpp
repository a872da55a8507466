// SPDX-License-Identifier: MIT
// The sum of all numbers is never done.
// error: endless range would never end
#include <functional>
#include <heddle/parallel_reduce.hpp>
#include <ranges>

int sum() {
#ifdef CORRECT
  return heddle::parallel_reduce(std::views::iota(0, 10), 0, std::plus<>());
#else
  return heddle::parallel_reduce(std::views::iota(0), 0, std::plus<>());
#endif
}
