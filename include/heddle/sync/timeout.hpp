// SPDX-License-Identifier: MIT
// How long a thread is willing to wait: a duration of any kind, kept until the wait begins.
#pragma once

#include <chrono>

#include <heddle/sync/deadline.hpp>

namespace heddle::sync {

/// For options: made of any std::chrono::duration, of integers or floating-point numbers. Zero, negative and NaN mean
/// only to look; a century or more, and a timeout that was made of nothing, mean for ever.
///
///     pool.map(f, {.timeout = 5s}, xs);
class timeout {
 public:
  constexpr timeout() noexcept = default;

  template <class Rep, class Period>
  constexpr timeout(const std::chrono::duration<Rep, Period>& length) noexcept : length_(steady(length)) {}

  /// The point in time that is this far from now.
  [[nodiscard]] sync::deadline deadline() const noexcept {
    if (is_never()) return no_deadline;
    if (only_looks()) return no_wait;
    return std::chrono::steady_clock::now() + length_;
  }

  [[nodiscard]] constexpr bool is_never() const noexcept { return length_ == (ticks::max)(); }
  [[nodiscard]] constexpr bool only_looks() const noexcept { return length_ == ticks::zero(); }

 private:
  using ticks = std::chrono::steady_clock::duration;

  template <class Rep, class Period>
  [[nodiscard]] static constexpr ticks steady(const std::chrono::duration<Rep, Period>& length) noexcept {
    const double seconds = std::chrono::duration<double>(length).count();
    if (!(seconds > 0)) return ticks::zero();
    if (seconds >= century_in_seconds) return (ticks::max)();
    return std::chrono::ceil<ticks>(length);
  }

  ticks length_ = (ticks::max)();
};

inline constexpr timeout no_timeout;

}  // namespace heddle::sync
