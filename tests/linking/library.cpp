// SPDX-License-Identifier: MIT
// A shared object, which the program is linked with or opens.
#include "library.hpp"

namespace {

#ifdef HEDDLE_TEST_OTHER
int plus_five(int x) { return x + 6; }
#else
int plus_five(int x) { return x + 5; }
#endif

}  // namespace

extern "C" int heddle_test_times_three(int x) { return 3 * x; }
extern "C" heddle_test_function heddle_test_hidden_function() { return plus_five; }
