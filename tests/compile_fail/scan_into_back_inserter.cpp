// SPDX-License-Identifier: MIT
// Many threads cannot write one behind the other.
// error: give `out` random access
#include <functional>
#include <heddle/parallel_scan.hpp>
#include <iterator>
#include <vector>

void sums(const std::vector<int>& xs, std::vector<int>& out) {
#ifdef CORRECT
  out = heddle::parallel_inclusive_scan(xs, std::plus<>());
#else
  heddle::parallel_inclusive_scan(xs, std::back_inserter(out), std::plus<>());
#endif
}
