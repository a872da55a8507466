// SPDX-License-Identifier: MIT
// How long a thread is willing to wait, and the point in time at which that ends.
#pragma once

#include <chrono>

namespace heddle::sync {

/// The steady clock: a change of the wall clock never moves a deadline.
using deadline = std::chrono::steady_clock::time_point;

inline constexpr deadline no_deadline = (deadline::max)();

/// The deadline of who does not wait, but looks.
inline constexpr deadline no_wait = (deadline::min)();

/// A timeout as an option: made of any duration, and for ever if of none. Zero, negative and NaN mean to look only; a
/// century or more means for ever.
class timeout {
  using duration = std::chrono::steady_clock::duration;

 public:
  constexpr timeout() noexcept = default;

  template <class Rep, class Period>
  constexpr timeout(const std::chrono::duration<Rep, Period>& wait)  // NOLINT(google-explicit-constructor): 5s is one
      : wait_(rounded_up(wait)) {}

  /// When it ends, if it begins now.
  [[nodiscard]] deadline from_now() const {
    if (wait_ == for_ever) return no_deadline;
    return wait_ > duration::zero() ? std::chrono::steady_clock::now() + wait_ : no_wait;
  }

 private:
  static constexpr duration for_ever = (duration::max)();

  template <class Rep, class Period>
  static constexpr duration rounded_up(const std::chrono::duration<Rep, Period>& wait) {
    const double seconds = std::chrono::duration<double>(wait).count();
    if (!(seconds > 0)) return duration::zero();
    // Far below the 292 years that the clock can represent, so that no rounding of a timeout overflows it.
    constexpr double century = 100.0 * 365 * 24 * 3600;
    return seconds < century ? std::chrono::ceil<duration>(wait) : for_ever;
  }

  duration wait_ = for_ever;
};

/// The deadline `wait` from now.
template <class Rep, class Period>
[[nodiscard]] deadline deadline_after(const std::chrono::duration<Rep, Period>& wait) {
  return timeout(wait).from_now();
}

}  // namespace heddle::sync
