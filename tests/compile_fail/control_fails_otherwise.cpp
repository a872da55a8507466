// SPDX-License-Identifier: MIT
// Control: a case that fails for another reason than it names must be reported.
// error: the message it names
#include <heddle/version.hpp>

static_assert(HEDDLE_VERSION_MAJOR < 0, "another message");
