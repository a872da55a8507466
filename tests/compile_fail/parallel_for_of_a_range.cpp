// SPDX-License-Identifier: MIT
// parallel_for() counts.
// error: for the elements of a range, parallel_for_each
#include <heddle/parallel_for.hpp>
#include <vector>

void increment(std::vector<int>& xs) {
#ifdef CORRECT
  heddle::parallel_for_each(xs, [](int& x) { ++x; });
#else
  heddle::parallel_for(xs, [](int& x) { ++x; });
#endif
}
