// SPDX-License-Identifier: MIT
// The options of a map are no range.
// error: the options of a map come second
#include <heddle/inline_executor.hpp>
#include <vector>

void add(heddle::inline_executor& pool, const heddle::map_options& options, const std::vector<int>& items) {
  const auto sum = [](int a, int b, int c) { return a + b + c; };
#ifdef CORRECT
  auto results = pool.map(sum, options, items, items, items);
#else
  auto results = pool.map(sum, items, items, items, options);
#endif
}
