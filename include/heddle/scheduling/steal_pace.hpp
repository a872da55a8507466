// SPDX-License-Identifier: MIT
// How often a worker takes a job out of another one's deque.
#pragma once

#include <chrono>

namespace heddle::scheduling {

/// To steal a job costs the thief, and its owner, more than to run a very short one. So a thief whose last job was gone
/// in no time leaves the next ones to their owner for a while, longer each time; a job that was worth it ends that.
class steal_pace {
  using clock = std::chrono::steady_clock;

 public:
  /// Has stolen one, and runs it and what it makes.
  void begin_stolen() noexcept {
    runs_stolen_ = true;
    last_ = clock::now();
  }

  /// Looks for another one: whether it should now.
  [[nodiscard]] bool may_steal() noexcept {
    if (!runs_stolen_ && in_vain_ == 0) [[likely]]
      return true;
    const clock::time_point now = clock::now();
    if (runs_stolen_) end_stolen(now);
    return now >= next_;
  }

 private:
  static constexpr std::chrono::nanoseconds worth_stealing{500};
  static constexpr unsigned most_in_vain = 6;  // 32 us

  void end_stolen(clock::time_point now) noexcept {
    runs_stolen_ = false;
    if (now - last_ >= worth_stealing) {
      in_vain_ = 0;
    } else if (in_vain_ != most_in_vain) {
      ++in_vain_;
    }
    next_ = in_vain_ == 0 ? now : now + worth_stealing * (1U << in_vain_);
  }

  bool runs_stolen_ = false;
  unsigned in_vain_ = 0;  // how many in a row were not worth it
  clock::time_point last_;
  clock::time_point next_;
};

}  // namespace heddle::scheduling
