// SPDX-License-Identifier: MIT
// Which of the two ways the workers of these tests are started.
#pragma once

#include <cstdlib>

namespace heddle_test {

/// By a copy of this program as it was at its start, and not by the program executed once more.
inline bool starts_forked() { return std::getenv("HEDDLE_TEST_FORKED") != nullptr; }  // NOLINT(concurrency-mt-unsafe)

}  // namespace heddle_test
