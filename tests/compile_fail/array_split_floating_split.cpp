// SPDX-License-Identifier: MIT
// A floating-point number is no number of sections of split() either.
// error: cannot be a floating-point number

#include <heddle/array_split.hpp>

#include <vector>

#ifdef CORRECT
auto cut(std::vector<int>& xs, float count) { return heddle::split(xs, static_cast<int>(count)); }
#else
auto cut(std::vector<int>& xs, float count) { return heddle::split(xs, count); }
#endif
