// SPDX-License-Identifier: MIT
// Control: a case that compiles must be reported.
// error: nothing
#include <heddle/version.hpp>

static_assert(HEDDLE_VERSION_MAJOR >= 0, "a version has a major number");
