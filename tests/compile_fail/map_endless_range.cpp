// SPDX-License-Identifier: MIT
// map() without a buffer submits all calls before it returns.
// error: these ranges have no end
#include <heddle/inline_executor.hpp>
#include <ranges>

void count(heddle::inline_executor& pool) {
#ifdef CORRECT
  auto results = pool.map([](int item) { return item; }, {.buffersize = 2}, std::views::iota(0));
#else
  auto results = pool.map([](int item) { return item; }, std::views::iota(0));
#endif
}
