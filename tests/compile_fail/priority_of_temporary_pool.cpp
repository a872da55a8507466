// SPDX-License-Identifier: MIT
// A view does not keep its pool alive.
// error: give the pool a name
#include <heddle/thread_pool_executor.hpp>

void use() {
#ifdef CORRECT
  heddle::thread_pool_executor pool;
  const auto urgent = pool.with(heddle::priority::high);
  urgent.post([] {});
#else
  heddle::thread_pool_executor().with(heddle::priority::high);
#endif
}
