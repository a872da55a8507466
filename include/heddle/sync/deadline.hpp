// SPDX-License-Identifier: MIT
// A point in time until which a thread is willing to wait.
#pragma once

#include <chrono>

namespace heddle::sync {

/// The steady clock: a change of the wall clock never moves a deadline.
using deadline = std::chrono::steady_clock::time_point;

inline constexpr deadline no_deadline = (deadline::max)();

/// The deadline of who does not wait, but looks.
inline constexpr deadline no_wait = (deadline::min)();

/// Far below the 292 years that the clock can represent, so that no rounding of a timeout overflows it.
inline constexpr double century_in_seconds = 100.0 * 365 * 24 * 3600;

/// The deadline `timeout` from now. Zero, negative and NaN mean no_wait; a century or more means never.
template <class Rep, class Period>
[[nodiscard]] deadline deadline_after(const std::chrono::duration<Rep, Period>& timeout) {
  const double seconds = std::chrono::duration<double>(timeout).count();
  if (!(seconds > 0)) return no_wait;
  if (seconds >= century_in_seconds) return no_deadline;
  return std::chrono::steady_clock::now() + std::chrono::ceil<std::chrono::steady_clock::duration>(timeout);
}

}  // namespace heddle::sync
