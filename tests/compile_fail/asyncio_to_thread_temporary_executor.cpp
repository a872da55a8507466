// SPDX-License-Identifier: MIT
// to_thread() submits when it is awaited, so its executor must still be there.
// error: ends with the expression and cannot be moved
#include <heddle/asyncio.hpp>
#include <heddle/thread_pool_executor.hpp>

heddle::asyncio::task<void> use(heddle::thread_pool_executor& pool) {
#ifdef CORRECT
  co_await heddle::asyncio::to_thread(pool.with(heddle::priority::high), [] {});
#else
  auto waits = heddle::asyncio::to_thread(heddle::thread_pool_executor(), [] {});
  co_await std::move(waits);
#endif
}
