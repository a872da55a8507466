// SPDX-License-Identifier: MIT
// The executor comes first.
// error: takes the executor, if it is given one, then
#include <heddle/parallel_for.hpp>
#include <heddle/thread_pool_executor.hpp>

void count(heddle::thread_pool_executor& pool, int n) {
#ifdef CORRECT
  heddle::parallel_for(pool, 0, n, [](int) {});
#else
  heddle::parallel_for(0, n, [](int) {}, pool);
#endif
}
