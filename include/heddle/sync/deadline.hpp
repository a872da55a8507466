// SPDX-License-Identifier: MIT
// A point in time until which a thread is willing to wait.
#pragma once

#include <chrono>

namespace heddle::sync {

/// The steady clock: a change of the wall clock never moves a deadline.
using deadline = std::chrono::steady_clock::time_point;

inline constexpr deadline no_deadline = deadline::max();

/// The deadline `timeout` from now. Zero, negative and NaN mean now; what the clock cannot represent means never.
template <class Rep, class Period>
[[nodiscard]] deadline deadline_after(const std::chrono::duration<Rep, Period>& timeout) {
  const deadline now = std::chrono::steady_clock::now();
  const double seconds = std::chrono::duration<double>(timeout).count();
  if (!(seconds > 0)) return now;
  if (seconds >= std::chrono::duration<double>(no_deadline - now).count()) return no_deadline;
  return now + std::chrono::ceil<std::chrono::steady_clock::duration>(timeout);
}

}  // namespace heddle::sync
