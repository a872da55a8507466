// SPDX-License-Identifier: MIT
// A number for each thread, to spread threads evenly over copies of something.
#pragma once

#include <cstdint>

#include <heddle/base/atomic.hpp>

namespace heddle::base {

/// The same in every call of one thread: 0 for the first thread that asks, 1 for the second, and so on.
[[nodiscard]] inline std::uint32_t thread_number() noexcept {
  static constinit atomic<std::uint32_t> numbered{0};
  static constinit thread_local std::uint32_t number_plus_one = 0;
  if (number_plus_one == 0) number_plus_one = numbered.fetch_add(1, relaxed) + 1;  // relaxed: in any order
  return number_plus_one - 1;
}

}  // namespace heddle::base
