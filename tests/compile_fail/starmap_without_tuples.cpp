// SPDX-License-Identifier: MIT
// starmap() unpacks tuples.
// error: give it a range of tuples
#include <heddle/thread_pool_executor.hpp>
#include <utility>
#include <vector>

void add(heddle::thread_pool_executor& pool, const std::vector<int>& items) {
#ifdef CORRECT
  auto results = pool.starmap([](int a, int b) { return a + b; }, std::vector{std::pair(1, 2)});
#else
  auto results = pool.starmap([](int a) { return a; }, items);
#endif
}
