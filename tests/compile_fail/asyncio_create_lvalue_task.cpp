// SPDX-License-Identifier: MIT
// create_task() takes the task over.
// error: a task runs once, so it is handed over
#include <heddle/asyncio/create_task.hpp>
#include <utility>

namespace asyncio = heddle::asyncio;

asyncio::task_handle<int> start(asyncio::task<int> ready) {
#ifdef CORRECT
  return asyncio::create_task(std::move(ready));
#else
  return asyncio::create_task(ready);
#endif
}
