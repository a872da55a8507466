// SPDX-License-Identifier: MIT
// A loop runs its body: the call of a coroutine only makes a task, which would run nowhere.
// error: nobody would await it
#include <heddle/asyncio/run.hpp>
#include <heddle/asyncio/task.hpp>
#include <heddle/parallel_for.hpp>

namespace asyncio = heddle::asyncio;

asyncio::task<void> greet() { co_return; }

void call() {
#ifdef CORRECT
  heddle::parallel_for(0, 2, [](int) { asyncio::run(greet()); });
#else
  heddle::parallel_for(0, 2, [](int) { return greet(); });
#endif
}
