// SPDX-License-Identifier: MIT
// How long to look for something awake: first by itself, then harder, then not at all.
#pragma once

#include <chrono>

#include <heddle/base/cpu.hpp>
#include <heddle/sync/spin_wait.hpp>

namespace heddle::sync {

/// Counts the looks of a thread that waits for something, by the clock. Where only one thread can run at a time there
/// is no patience: what is waited for could not make progress meanwhile.
class patience {
  using clock = std::chrono::steady_clock;

 public:
  /// About the time in which who is asked for work answers, if he looks at all.
  static constexpr std::chrono::microseconds worn_after{20};
  /// About what a futex wake-up takes: longer spinning loses more than it saves when the wait is long.
  static constexpr std::chrono::microseconds over_after{50};

  /// Between two looks.
  void pause() noexcept {
    base::pause();
    if (++looks_ % looks_per_reading != 0) return;
    const clock::time_point now = clock::now();
    if (looks_ == looks_per_reading) {
      begin_ = now;
    } else {
      spent_ = now - begin_;
    }
  }

  void reset() noexcept {
    looks_ = 0;
    spent_ = {};
  }

  [[nodiscard]] bool is_worn() const noexcept { return spent_ >= worn_after; }
  [[nodiscard]] bool is_over() const noexcept { return spent_ >= over_after || !spinning_helps(); }

 private:
  static constexpr unsigned looks_per_reading = 16;

  unsigned looks_ = 0;
  clock::time_point begin_;
  clock::duration spent_{};
};

}  // namespace heddle::sync
