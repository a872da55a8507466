// SPDX-License-Identifier: MIT
// parallel_invoke() runs calls: the call of a coroutine only makes a task, which would run nowhere.
// error: nobody would await it
#include <heddle/asyncio/run.hpp>
#include <heddle/asyncio/task.hpp>
#include <heddle/parallel_invoke.hpp>

namespace asyncio = heddle::asyncio;

asyncio::task<void> greet() { co_return; }

void call() {
#ifdef CORRECT
  heddle::parallel_invoke([] {}, [] { asyncio::run(greet()); });
#else
  heddle::parallel_invoke([] {}, greet);
#endif
}
