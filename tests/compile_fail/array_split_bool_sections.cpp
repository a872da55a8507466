// SPDX-License-Identifier: MIT
// A bool is no number of sections.
// error: a bool or a character is almost always a slip

#include <heddle/array_split.hpp>

#include <vector>

#ifdef CORRECT
auto cut(std::vector<int>& xs, bool many) { return heddle::array_split(xs, many ? 2 : 1); }
#else
auto cut(std::vector<int>& xs, bool many) { return heddle::array_split(xs, many); }
#endif
