// SPDX-License-Identifier: MIT
// Neighbours in a vector<bool> cannot be written at the same time.
// error: use a std::vector<char>
#include <functional>
#include <heddle/parallel_scan.hpp>
#include <vector>

void any_so_far(const std::vector<int>& xs, std::vector<bool>& bits, std::vector<char>& bytes) {
#ifdef CORRECT
  heddle::parallel_inclusive_scan(xs, bytes, std::bit_or<>());
  static_cast<void>(bits);
#else
  heddle::parallel_inclusive_scan(xs, bits, std::bit_or<>());
  static_cast<void>(bytes);
#endif
}
