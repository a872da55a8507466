// SPDX-License-Identifier: MIT
// A vector cannot hold the references that a range of tasks gives.
// error: which cannot hold references
#include <heddle/asyncio/gather.hpp>
#include <utility>
#include <vector>

namespace asyncio = heddle::asyncio;

#ifdef CORRECT
using result = int*;
#else
using result = int&;
#endif

asyncio::task<void> all(std::vector<asyncio::task<result>> tasks) { co_await asyncio::gather(std::move(tasks)); }
