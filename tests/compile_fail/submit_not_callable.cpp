// SPDX-License-Identifier: MIT
// What is submitted is called with the arguments that follow it.
// error: no matching [a-z ]*function for call to
#include <heddle/thread_pool_executor.hpp>

void count(heddle::thread_pool_executor& pool) {
#ifdef CORRECT
  auto number = pool.submit([](int value) { return value; }, 1);
#else
  auto number = pool.submit(1);
#endif
}
