// SPDX-License-Identifier: MIT
// All calls of a bulk share one callable.
// error: remove `mutable`
#include <heddle/thread_pool_executor.hpp>
#include <vector>

void count(heddle::thread_pool_executor& pool, const std::vector<int>& numbers) {
#ifdef CORRECT
  pool.post_bulk([](int) {}, numbers);
#else
  pool.post_bulk([calls = 0](int) mutable { ++calls; }, numbers);
#endif
}
