// SPDX-License-Identifier: MIT
// How many items of a loop its runner takes at a time, so that it looks up about every microsecond.
#pragma once

#include <chrono>
#include <cstdint>

#include <heddle/base/sectioning.hpp>
#include <heddle/scheduling/cost_hint.hpp>

namespace heddle::scheduling {

/// The pace of one runner of a loop, and what it learns of the cost of an item. It looks at the clock, which costs as
/// much as a short item, after each grain while it does not know how many items fill a grain, and then after every
/// fourth one; in a loop that is known to be short not before that.
class loop_pace {
 public:
  using clock = std::chrono::steady_clock;

  /// Whether a loop of so many items should be timed from its beginning.
  [[nodiscard]] static bool is_worth_timing(const cost_hint& hint, std::uint64_t items) noexcept {
    constexpr std::chrono::microseconds long_enough{16};
    return !hint.is_known() || hint.predict(items) >= long_enough;
  }

  /// How many items fill a grain, as far as is known: at least 1.
  [[nodiscard]] static std::uint64_t predicted_grain(const cost_hint& hint) noexcept {
    const auto thousand = static_cast<std::uint64_t>(hint.predict(1000).count());
    constexpr std::uint64_t wanted = std::chrono::nanoseconds(shortest).count() * std::uint64_t{1'000'000};
    return thousand == 0 || thousand > wanted ? 1 : base::whole_lines(wanted / thousand);
  }

  loop_pace(cost_hint& hint, std::uint64_t first_grain, bool timed) noexcept
      : hint_(hint), grain_(first_grain), is_growing_(!hint.is_known()), is_timed_(timed) {
    if (timed) begin_ = last_ = clock::now();
  }

  /// How many items to take next.
  [[nodiscard]] std::uint64_t grain() const noexcept { return grain_; }

  /// A grain is done.
  void end_grain(std::uint64_t items) noexcept {
    items_ += items;
    if (++grains_ == grains_per_look || is_growing_) look();
  }

  /// Calls `f()`, whose time is no item's.
  template <class F>
  void leave_out(F f) noexcept {
    if (grains_ != 0) look();
    f();
    if (is_timed_) last_ = clock::now();
  }

  /// For how long the loop has run, at least.
  [[nodiscard]] std::chrono::nanoseconds elapsed() const noexcept { return last_ - begin_; }

  /// The end: what was seen is kept for the next loop.
  void learn() noexcept {
    if (is_timed_ && grains_ != 0) look();
    if (known_items_ != 0) hint_.learn(known_items_, known_time_);
  }

 private:
  static constexpr std::chrono::nanoseconds shortest{1000};
  static constexpr std::chrono::nanoseconds longest{4000};
  static constexpr unsigned grains_per_look = 4;

  void look() noexcept {
    const clock::time_point now = clock::now();
    if (is_timed_) {
      adapt((now - last_) / grains_);
      known_items_ += items_;
      known_time_ += now - last_;
    } else {
      is_timed_ = true;
      begin_ = now;
    }
    last_ = now;
    items_ = 0;
    grains_ = 0;
  }

  void adapt(std::chrono::nanoseconds grain_took) noexcept {
    is_growing_ = grain_took < shortest;
    if (is_growing_) {
      grain_ *= 2;
    } else if (grain_took > longest && grain_ > 1) {
      grain_ = base::whole_lines(grain_ / 2);
    }
  }

  cost_hint& hint_;
  std::uint64_t grain_;
  bool is_growing_;
  bool is_timed_;
  unsigned grains_ = 0;      // since the last look
  std::uint64_t items_ = 0;  // since the last look
  std::uint64_t known_items_ = 0;
  std::chrono::nanoseconds known_time_{0};
  clock::time_point begin_;
  clock::time_point last_;
};

}  // namespace heddle::scheduling
