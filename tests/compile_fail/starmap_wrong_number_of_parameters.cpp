// SPDX-License-Identifier: MIT
// starmap() passes all elements of a tuple.
// error: as many parameters as a tuple has elements
#include <heddle/inline_executor.hpp>
#include <utility>
#include <vector>

void add(heddle::inline_executor& pool, const std::vector<std::pair<int, int>>& pairs) {
#ifdef CORRECT
  auto results = pool.starmap([](int a, int b) { return a + b; }, pairs);
#else
  auto results = pool.starmap([](int a) { return a; }, pairs);
#endif
}
