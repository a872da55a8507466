// SPDX-License-Identifier: MIT
// How long to look for something awake: first by itself, then harder, then not at all.
#pragma once

#include <chrono>

#include <heddle/base/cpu.hpp>
#include <heddle/base/nap.hpp>
#include <heddle/sync/spin_wait.hpp>
#include <heddle/sync/wake_latency.hpp>

namespace heddle::sync {

/// Counts the looks of a thread that waits for something, by the clock. Where only one thread can run at a time there
/// is no patience: what is waited for could not make progress meanwhile.
class patience {
  using clock = std::chrono::steady_clock;

 public:
  /// About the time in which who is asked for work answers, if he looks at all.
  static constexpr std::chrono::microseconds worn_after{20};
  /// Of who looks for work that may never come.
  static constexpr std::chrono::microseconds over_after{50};

  patience() noexcept = default;
  explicit patience(std::chrono::nanoseconds limit) noexcept : limit_(limit) {}

  /// Of who waits for something that has begun: about what it would lose by sleeping and being woken. So it loses at
  /// most twice what it must, however long the wait is.
  [[nodiscard]] static patience for_what_has_begun() noexcept {
    const std::chrono::nanoseconds woken = wake_latency::typical() * 3 / 2;
    return patience(woken > over_after ? woken : over_after);
  }

  /// Between two looks.
  void pause() noexcept {
    base::pause();
    if (++looks_ % looks_per_reading != 0) return;
    if (is_polite_ && looks_ % looks_per_yield == 0) base::yield();
    const clock::time_point now = clock::now();
    if (looks_ == looks_per_reading) {
      begin_ = now;
    } else {
      spent_ = now - begin_;
    }
  }

  /// From here on, until reset(), it lets others have the processor now and then: to be called by who has just woken
  /// somebody, who may be waiting for this very one.
  void be_polite() noexcept {
    reset();
    is_polite_ = true;
    base::yield();
  }

  void reset() noexcept {
    is_polite_ = false;
    looks_ = 0;
    spent_ = {};
  }

  /// True for the first looks, a microsecond or less. Never where there is no patience.
  [[nodiscard]] bool is_fresh() const noexcept { return looks_ < looks_per_reading && spinning_helps(); }
  /// Since the first looks, at the last reading of the clock.
  [[nodiscard]] std::chrono::nanoseconds spent() const noexcept { return spent_; }
  [[nodiscard]] bool is_over() const noexcept { return spent_ >= limit_ || !spinning_helps(); }

 private:
  static constexpr unsigned looks_per_reading = 16;
  static constexpr unsigned looks_per_yield = 64;

  std::chrono::nanoseconds limit_ = over_after;
  unsigned looks_ = 0;
  bool is_polite_ = false;
  clock::time_point begin_;
  clock::duration spent_{};
};

}  // namespace heddle::sync
