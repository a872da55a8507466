// SPDX-License-Identifier: MIT
// What an rvalue reference refers to is gone when the result is read.
// error: would refer to what is gone
#include <heddle/future.hpp>

#ifdef CORRECT
heddle::future<int> number;
#else
heddle::future<int&&> number;
#endif
