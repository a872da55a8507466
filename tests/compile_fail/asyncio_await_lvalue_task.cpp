// SPDX-License-Identifier: MIT
// A task runs once, so it is moved into co_await.
// error: a task runs once
#include <heddle/asyncio/task.hpp>
#include <utility>

namespace asyncio = heddle::asyncio;

asyncio::task<void> outer(asyncio::task<void> inner) {
#ifdef CORRECT
  co_await std::move(inner);
#else
  co_await inner;
#endif
}
