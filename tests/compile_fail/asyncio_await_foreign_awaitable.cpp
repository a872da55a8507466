// SPDX-License-Identifier: MIT
// What would not go on in the loop's thread cannot be awaited.
// error: would not go on in its event loop
#include <coroutine>
#include <heddle/asyncio/task.hpp>

namespace asyncio = heddle::asyncio;

#ifdef CORRECT
asyncio::task<int> outer(heddle::future<int> elsewhere) { co_return co_await elsewhere; }
#else
asyncio::task<void> outer() { co_await std::suspend_always(); }
#endif
