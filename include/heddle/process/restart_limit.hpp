// SPDX-License-Identifier: MIT
// When a server that has ended may be started again.
#pragma once

#include <algorithm>
#include <chrono>

namespace heddle::process {

/// A server that ends before it has done anything is started ever more seldom, and after a few times nobody waits for
/// the next one.
class restart_limit {
 public:
  using clock = std::chrono::steady_clock;

  static constexpr std::chrono::milliseconds shortest{20};
  static constexpr std::chrono::milliseconds longest{1000};
  static constexpr unsigned most_failures = 3;

  void note_start(clock::time_point now) noexcept { last_ = now; }
  /// It has done something.
  void note_success() noexcept { failures_ = 0; }
  /// It has ended, or could not be started, and has done nothing.
  void note_failure() noexcept { failures_ = std::min(failures_ + 1, 30U); }

  [[nodiscard]] bool has_failed_too_often() const noexcept { return failures_ >= most_failures; }

  /// Not before then.
  [[nodiscard]] clock::time_point next() const noexcept {
    return last_ + std::min(longest, shortest * (1U << std::min(failures_, 10U)));
  }

 private:
  clock::time_point last_;  // in the beginning long ago
  unsigned failures_ = 0;   // in a row
};

}  // namespace heddle::process
