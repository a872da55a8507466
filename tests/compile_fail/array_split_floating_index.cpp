// SPDX-License-Identifier: MIT
// A floating-point number is no index.
// error: cannot be a floating-point number

#include <heddle/array_split.hpp>

#include <vector>

#ifdef CORRECT
auto cut(std::vector<int>& xs, const std::vector<long>& indices) { return heddle::array_split(xs, indices); }
#else
auto cut(std::vector<int>& xs, const std::vector<double>& indices) { return heddle::array_split(xs, indices); }
#endif
