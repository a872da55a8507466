// SPDX-License-Identifier: MIT
// map() takes the callable first, as Python's does.
// error: here a range comes first
#include <heddle/thread_pool_executor.hpp>
#include <vector>

void add_one(heddle::thread_pool_executor& pool, const std::vector<int>& items) {
  const auto add = [](int item) { return item + 1; };
#ifdef CORRECT
  auto results = pool.map(add, items);
#else
  auto results = pool.map(items, add);
#endif
}
