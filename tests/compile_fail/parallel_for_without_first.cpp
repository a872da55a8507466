// SPDX-License-Identifier: MIT
// A loop has two ends, also on an executor of its own.
// error: where to begin and where to end
#include <heddle/parallel_for.hpp>
#include <heddle/thread_pool_executor.hpp>

void count(heddle::thread_pool_executor& pool, int n) {
#ifdef CORRECT
  heddle::parallel_for(pool, 0, n, [](int) {});
#else
  heddle::parallel_for(pool, n, [](int) {});
#endif
}
