// SPDX-License-Identifier: MIT
// A list has no position that is reached in constant time.
// error: pass a random-access range with a size

#include <heddle/array_split.hpp>

#include <deque>
#include <list>

#ifdef CORRECT
auto cut(std::deque<int>& xs) { return heddle::array_split(xs, 2); }
#else
auto cut(std::list<int>& xs) { return heddle::array_split(xs, 2); }
#endif
