// SPDX-License-Identifier: MIT
// map() takes an element of each range: what is the same for all calls is no range.
// error: let the callable capture
#include <heddle/inline_executor.hpp>
#include <vector>

void add(heddle::inline_executor& pool, const std::vector<int>& items, int more) {
#ifdef CORRECT
  auto results = pool.map([more](int item) { return item + more; }, items);
#else
  auto results = pool.map([](int item, int added) { return item + added; }, items, more);
#endif
}
