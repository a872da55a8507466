// SPDX-License-Identifier: MIT
// What cannot be copied into a task is moved in.
// error: write std::move\(x\)
#include <heddle/thread_pool_executor.hpp>
#include <memory>
#include <utility>

void give(heddle::thread_pool_executor& pool, std::unique_ptr<int>& number) {
  const auto take = [](std::unique_ptr<int>) {};
#ifdef CORRECT
  pool.submit(take, std::move(number)).wait();
#else
  pool.submit(take, number).wait();
#endif
}
