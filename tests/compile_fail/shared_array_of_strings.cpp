// SPDX-License-Identifier: MIT
// A string has its characters elsewhere, in memory that only one process has.
// error: elements of a shared_array are numbers
#include <heddle/shared_array.hpp>

#include <string>

#ifdef CORRECT
using array = heddle::shared_array<char>;
#else
using array = heddle::shared_array<std::string>;
#endif

array names(10);
