// SPDX-License-Identifier: MIT
// The parts of a temporary vector would dangle, however they are cut.
// error: keep it in a variable

#include <heddle/array_split.hpp>

#include <vector>

std::vector<int> numbers();

#ifdef CORRECT
std::vector<int> kept = numbers();
auto cut() { return heddle::array_split(kept, {2, 5}); }
#else
auto cut() { return heddle::array_split(numbers(), {2, 5}); }
#endif
