// SPDX-License-Identifier: MIT
// Short loops that a thread runs alone, one after the other, while others sleep.
#pragma once

#include <chrono>

#include <heddle/scheduling/cost_hint.hpp>

namespace heddle::scheduling {

/// For none of them it is worth waking somebody. But many of them in a row would be: who is awake gets a half of each.
/// One thread at a time.
class unshared_work {
  using clock = std::chrono::steady_clock;

 public:
  /// A loop has run that took about so long. True if somebody should be woken for those that follow it: if so much came
  /// together lately that a wake-up is little against it, without long pauses.
  [[nodiscard]] bool add(std::chrono::nanoseconds took) noexcept {
    sum_ += took;
    if (sum_ < 8 * worth_waking()) [[likely]]
      return false;
    const clock::time_point now = clock::now();
    const bool is_dense = now - since_ < 2 * sum_;
    since_ = now;
    sum_ = {};
    return is_dense;
  }

 private:
  std::chrono::nanoseconds sum_{0};
  clock::time_point since_;  // when the sum was 0
};

}  // namespace heddle::scheduling
