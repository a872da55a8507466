// SPDX-License-Identifier: MIT
// In place of heddle/sync/wake_latency.hpp: nothing is learned from a clock.
#pragma once

#include <chrono>

namespace heddle::sync {

struct wake_latency {
  [[nodiscard]] static std::chrono::nanoseconds typical() noexcept { return {}; }
  static void learn(std::chrono::nanoseconds) noexcept {}
};

}  // namespace heddle::sync
