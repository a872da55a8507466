// SPDX-License-Identifier: MIT
// The parts of a temporary vector would dangle, of split() too.
// error: keep it in a variable

#include <heddle/array_split.hpp>

#include <vector>

std::vector<int> numbers();

#ifdef CORRECT
std::vector<int> kept = numbers();
auto cut() { return heddle::split(kept, 2); }
#else
auto cut() { return heddle::split(numbers(), 2); }
#endif
