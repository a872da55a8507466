// SPDX-License-Identifier: MIT
// gather() takes over the tasks of a container, so the container is moved in.
// error: a task runs once, so it is handed over
#include <heddle/asyncio/gather.hpp>
#include <utility>
#include <vector>

namespace asyncio = heddle::asyncio;

asyncio::task<std::vector<int>> all(std::vector<asyncio::task<int>> tasks) {
#ifdef CORRECT
  co_return co_await asyncio::gather(std::move(tasks));
#else
  co_return co_await asyncio::gather(tasks);
#endif
}
