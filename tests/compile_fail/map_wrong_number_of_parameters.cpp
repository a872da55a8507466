// SPDX-License-Identifier: MIT
// map() passes one element of each range.
// error: as many parameters as there are ranges
#include <heddle/inline_executor.hpp>
#include <vector>

void add(heddle::inline_executor& pool, const std::vector<int>& left, const std::vector<int>& right) {
#ifdef CORRECT
  auto results = pool.map([](int a, int b) { return a + b; }, left, right);
#else
  auto results = pool.map([](int a) { return a; }, left, right);
#endif
}
