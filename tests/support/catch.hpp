// SPDX-License-Identifier: MIT
// Catch2 for every test: tests are written for version 3, and for version 2 the names that it lacks are supplied here.
#pragma once

#if __has_include(<catch2/catch_test_macros.hpp>)

#include <catch2/catch_approx.hpp>
#include <catch2/catch_get_random_seed.hpp>
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>
#include <catch2/matchers/catch_matchers_all.hpp>

#else

#include <catch2/catch.hpp>
#include <string>

// NOLINTBEGIN(readability-identifier-naming): the names are those of version 3.
namespace Catch {

using Detail::Approx;

inline unsigned getSeed() { return rngSeed(); }

namespace Matchers {

using Catch::MatcherBase;

inline auto ContainsSubstring(const std::string& text) { return Contains(text); }

}  // namespace Matchers
}  // namespace Catch
// NOLINTEND(readability-identifier-naming)

/// Ends the test case here, saying why; version 2 cannot count it as skipped, so it passes with a warning.
#define SKIP(reason) \
  do {               \
    WARN(reason);    \
    return;          \
  } while (false)

#endif
