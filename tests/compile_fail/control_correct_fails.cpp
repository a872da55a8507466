// SPDX-License-Identifier: MIT
// Control: a case whose correct twin does not compile must be reported.
// error: the message it names
#include <heddle/version.hpp>

static_assert(HEDDLE_VERSION_MAJOR < 0, "the message it names");
