// SPDX-License-Identifier: MIT
// submit() runs calls: the call of a coroutine only makes a task, which would run nowhere.
// error: nobody would await it
#include <heddle/asyncio/run.hpp>
#include <heddle/asyncio/task.hpp>
#include <heddle/thread_pool_executor.hpp>

namespace asyncio = heddle::asyncio;

asyncio::task<void> greet() { co_return; }

void call(heddle::thread_pool_executor& pool) {
#ifdef CORRECT
  pool.submit([] { asyncio::run(greet()); }).result();
#else
  pool.submit(greet).result();
#endif
}
