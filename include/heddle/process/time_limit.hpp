// SPDX-License-Identifier: MIT
// Time limits of which the time does not count for which their program stood still.
#pragma once

#include <algorithm>
#include <chrono>

namespace heddle::process {

/// How long something may take. Its program may stand still meanwhile, since somebody stops or freezes it, and nobody
/// tells the program. But who looks at every limit when its end has come, and finds an end long gone, could not run
/// when it wanted to: it gives all limits back the time that has passed since it looked last.
class time_limit {
 public:
  using clock = std::chrono::steady_clock;

  void start(std::chrono::nanoseconds length) noexcept {
    constexpr std::chrono::nanoseconds for_ever = std::chrono::hours(24 * 365 * 100);
    begin_ = clock::now();
    end_ = begin_ + std::min(length, for_ever);
  }
  void stop() noexcept { end_ = never; }

  [[nodiscard]] bool is_running() const noexcept { return end_ != never; }
  /// The greatest time point if it does not run.
  [[nodiscard]] clock::time_point end() const noexcept { return end_; }
  [[nodiscard]] bool is_over(clock::time_point now) const noexcept { return end_ <= now; }
  /// Whether nobody who would have ended it was there.
  [[nodiscard]] bool was_missed(clock::time_point now) const noexcept {
    return is_running() && now - end_ >= longest_delay;
  }

  /// The time since `last_look` does not count.
  void forgive(clock::time_point last_look, clock::time_point now) noexcept {
    if (is_running()) end_ += now - std::max(last_look, begin_);
  }

 private:
  static constexpr clock::time_point never = clock::time_point::max();
  static constexpr std::chrono::milliseconds longest_delay{500};

  clock::time_point begin_ = never;
  clock::time_point end_ = never;
};

}  // namespace heddle::process
