// SPDX-License-Identifier: MIT
// The options of a map are no keywords that may come anywhere.
// error: the options of a map come second
#include <heddle/thread_pool_executor.hpp>
#include <vector>

void add_one(heddle::thread_pool_executor& pool, const std::vector<int>& items) {
  const auto add = [](int item) { return item + 1; };
#ifdef CORRECT
  auto results = pool.map(add, {.chunksize = 2}, items);
#else
  pool.map(add, items, {.chunksize = 2});
#endif
}
