// SPDX-License-Identifier: MIT
// to_thread() passes copies: what is taken by reference needs std::ref.
// error: std::ref for what it takes by reference
#include <functional>
#include <heddle/asyncio/to_thread.hpp>

namespace asyncio = heddle::asyncio;

void increment(int& number) { ++number; }

asyncio::task<void> call(int& number) {
#ifdef CORRECT
  co_await asyncio::to_thread(increment, std::ref(number));
#else
  co_await asyncio::to_thread(increment, number);
#endif
}
