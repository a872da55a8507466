// SPDX-License-Identifier: MIT
// to_thread() is for calls that block: the call of a coroutine only makes a task, which would run in no loop.
// error: a coroutine does not need a thread
#include <heddle/asyncio/run.hpp>
#include <heddle/asyncio/to_thread.hpp>

namespace asyncio = heddle::asyncio;

asyncio::task<int> answer() { co_return 42; }

asyncio::task<void> call() {
#ifdef CORRECT
  co_await asyncio::to_thread([] { return asyncio::run(answer()); });
#else
  co_await asyncio::to_thread(answer);
#endif
}
