// SPDX-License-Identifier: MIT
// submit_bulk() makes a call for each element of its ranges.
// error: needs a range to take values from
#include <heddle/thread_pool_executor.hpp>
#include <vector>

void nothing(heddle::thread_pool_executor& pool) {
#ifdef CORRECT
  auto futures = pool.submit_bulk([](int) {}, std::vector<int>());
#else
  auto futures = pool.submit_bulk([] {});
#endif
}
