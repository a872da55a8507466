// SPDX-License-Identifier: MIT
// A task_group runs calls: the call of a coroutine only makes a task, which would run nowhere.
// error: nobody would await it
#include <heddle/asyncio/run.hpp>
#include <heddle/asyncio/task.hpp>
#include <heddle/task_group.hpp>

namespace asyncio = heddle::asyncio;

asyncio::task<void> greet() { co_return; }

void call(heddle::task_group& group) {
#ifdef CORRECT
  group.run([] { asyncio::run(greet()); });
#else
  group.run(greet);
#endif
}
