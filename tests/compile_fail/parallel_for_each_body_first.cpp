// SPDX-License-Identifier: MIT
// The range comes before the body.
// error: then a range, and then what to call
#include <heddle/parallel_for.hpp>
#include <vector>

void increment(std::vector<int>& xs) {
  const auto add = [](int& x) { ++x; };
#ifdef CORRECT
  heddle::parallel_for_each(xs, add);
#else
  heddle::parallel_for_each(add, xs);
#endif
}
