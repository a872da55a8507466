// SPDX-License-Identifier: MIT
// map() without a range has nothing to end it.
// error: needs a range to take values from
#include <heddle/inline_executor.hpp>
#include <vector>

void nothing(heddle::inline_executor& pool) {
#ifdef CORRECT
  auto results = pool.map([](int) {}, std::vector<int>());
#else
  auto results = pool.map([] {});
#endif
}
