// SPDX-License-Identifier: MIT
// A floating-point number is no number of sections.
// error: cannot be a floating-point number

#include <heddle/array_split.hpp>

#include <vector>

#ifdef CORRECT
auto cut(std::vector<int>& xs, double count) { return heddle::array_split(xs, static_cast<int>(count)); }
#else
auto cut(std::vector<int>& xs, double count) { return heddle::array_split(xs, count); }
#endif
