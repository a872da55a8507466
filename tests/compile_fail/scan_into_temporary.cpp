// SPDX-License-Identifier: MIT
// What is written to a temporary vector is gone with it.
// error: pass a variable
#include <functional>
#include <heddle/parallel_scan.hpp>
#include <vector>

void sums(const std::vector<int>& xs, std::vector<int>& out) {
#ifdef CORRECT
  heddle::parallel_inclusive_scan(xs, out, std::plus<>());
#else
  heddle::parallel_inclusive_scan(xs, std::vector<int>(out), std::plus<>());
#endif
}
