// SPDX-License-Identifier: MIT
// map() calls one callable from many threads, so it may not change itself.
// error: remove `mutable`
#include <heddle/thread_pool_executor.hpp>
#include <vector>

void number(heddle::thread_pool_executor& pool, const std::vector<int>& items) {
#ifdef CORRECT
  auto results = pool.map([](int item) { return item; }, items);
#else
  auto results = pool.map([next = 0](int item) mutable { return item + next++; }, items);
#endif
}
