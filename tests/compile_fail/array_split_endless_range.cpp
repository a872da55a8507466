// SPDX-License-Identifier: MIT
// A range without an end has no size.
// error: pass a random-access range with a size

#include <heddle/array_split.hpp>

#include <ranges>

#ifdef CORRECT
auto cut() { return heddle::array_split(std::views::iota(0, 9), 2); }
#else
auto cut() { return heddle::array_split(std::views::iota(0), 2); }
#endif
