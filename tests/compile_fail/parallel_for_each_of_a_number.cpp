// SPDX-License-Identifier: MIT
// The elements are those of a range.
// error: to count, parallel_for
#include <heddle/parallel_for.hpp>
#include <heddle/thread_pool_executor.hpp>

void count(heddle::thread_pool_executor& pool, int n) {
#ifdef CORRECT
  heddle::parallel_for(pool, 0, n, [](int) {});
#else
  heddle::parallel_for_each(pool, n, [](int) {});
#endif
}
