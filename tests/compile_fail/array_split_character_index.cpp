// SPDX-License-Identifier: MIT
// A character is no index.
// error: a bool or a character is almost always a slip

#include <heddle/array_split.hpp>

#include <vector>

#ifdef CORRECT
auto cut(std::vector<int>& xs, const std::vector<signed char>& indices) { return heddle::array_split(xs, indices); }
#else
auto cut(std::vector<int>& xs, const std::vector<char>& indices) { return heddle::array_split(xs, indices); }
#endif
