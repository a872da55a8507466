// SPDX-License-Identifier: MIT
// A call for each element is submitted at once, unless there is a buffer.
// error: map_unordered\(f, \{\.buffersize = 100\}, xs\)
#include <heddle/thread_pool_executor.hpp>
#include <ranges>

void squares(heddle::thread_pool_executor& pool) {
  const auto square = [](int i) { return i * i; };
#ifdef CORRECT
  auto results = pool.map_unordered(square, {.buffersize = 100}, std::views::iota(0));
#else
  auto results = pool.map_unordered(square, std::views::iota(0));
#endif
}
