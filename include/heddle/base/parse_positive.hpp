// SPDX-License-Identifier: MIT
// Positive decimal numbers in text that somebody else wrote.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

namespace heddle::base {

/// The positive number that `text` consists of; 0 for anything else: a sign, a space, a letter, nothing, 2^64 or more.
[[nodiscard]] constexpr std::uint64_t parse_positive(std::string_view text) noexcept {
  constexpr std::uint64_t largest = (std::numeric_limits<std::uint64_t>::max)();
  std::uint64_t value = 0;
  for (const char character : text) {
    if (character < '0' || character > '9') return 0;
    const auto digit = static_cast<std::uint64_t>(character - '0');
    if (value > (largest - digit) / 10) return 0;
    value = value * 10 + digit;
  }
  return value;
}

}  // namespace heddle::base
