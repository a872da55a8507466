// SPDX-License-Identifier: MIT
// A running total is a result, and what the next one is made of.
// error: must be copyable
#include <functional>
#include <heddle/parallel_scan.hpp>
#include <memory>
#include <vector>

auto sums(const std::vector<int>& xs) {
#ifdef CORRECT
  return heddle::parallel_exclusive_scan(xs, 0, std::plus<>());
#else
  return heddle::parallel_exclusive_scan(xs, std::make_unique<int>(0),
                                         [](std::unique_ptr<int> a, const auto&) { return a; });
#endif
}
