// SPDX-License-Identifier: MIT
// How big a stress or property test is: all of it runs under a sanitizer too, smaller.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>

#ifndef HEDDLE_TEST_SCALE
#define HEDDLE_TEST_SCALE 100
#endif

namespace heddle_test {

/// `full_size` times HEDDLE_TEST_SCALE percent, at least 1: the environment variable if set, else what the build chose.
inline std::size_t scaled(std::size_t full_size) {
  const char* from_environment = std::getenv("HEDDLE_TEST_SCALE");
  const std::size_t percent =
      from_environment != nullptr ? std::strtoul(from_environment, nullptr, 10) : HEDDLE_TEST_SCALE;
  return std::max<std::size_t>(1, full_size * percent / 100);
}

#if defined(__SANITIZE_THREAD__)
inline constexpr bool under_thread_sanitizer = true;
#elif defined(__has_feature)
inline constexpr bool under_thread_sanitizer = __has_feature(thread_sanitizer);
#else
inline constexpr bool under_thread_sanitizer = false;
#endif

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool under_address_sanitizer = true;
#elif defined(__has_feature)
inline constexpr bool under_address_sanitizer = __has_feature(address_sanitizer);
#else
inline constexpr bool under_address_sanitizer = false;
#endif

}  // namespace heddle_test
