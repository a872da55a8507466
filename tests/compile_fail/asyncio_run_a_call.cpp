// SPDX-License-Identifier: MIT
// run() takes a coroutine, not any function.
// error: asyncio needs something to await here
#include <heddle/asyncio/run.hpp>

namespace asyncio = heddle::asyncio;

#ifdef CORRECT
asyncio::task<void> work() { co_return; }
#else
void work() {}
#endif

void call() { asyncio::run(work); }
