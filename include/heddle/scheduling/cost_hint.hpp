// SPDX-License-Identifier: MIT
// What the last runs of a loop body cost, as a guess for the next one.
#pragma once

#include <bit>
#include <chrono>
#include <cstdint>

#include <heddle/base/atomic.hpp>
#include <heddle/sync/wake_latency.hpp>

namespace heddle::scheduling {

/// Twice what it takes until a worker that sleeps has been woken: for less than that, nobody is.
[[nodiscard]] inline std::chrono::nanoseconds worth_waking() noexcept { return 2 * sync::wake_latency::typical(); }

/// Twice what it takes to hand something over to who waits awake, and back.
inline constexpr std::chrono::nanoseconds worth_giving{3000};

/// The cost of one item of the loops that have the same body. A dearer measurement is believed at once, a cheaper one
/// by a quarter: too dear a guess costs a wake-up, too cheap a one the whole gain. Any thread.
class alignas(64) cost_hint {
 public:
  using picoseconds = std::chrono::duration<std::uint64_t, std::pico>;

  /// What `items` of them will take; zero if that is not known yet.
  [[nodiscard]] picoseconds predict(std::uint64_t items) const noexcept {
    const std::uint64_t each = each_.load(base::relaxed);  // relaxed: a guess
    const bool fits = std::bit_width(items) + std::bit_width(each) < 64;
    return picoseconds(fits ? items * each : longest);
  }

  [[nodiscard]] bool is_known() const noexcept { return each_.load(base::relaxed) != 0; }  // relaxed: a guess

  void learn(std::uint64_t items, std::chrono::nanoseconds took) noexcept {
    const std::uint64_t known = each_.load(base::relaxed);  // relaxed: a guess; a lost update is a lost guess
    const std::uint64_t now = static_cast<std::uint64_t>(took.count()) * 1000 / items + 1;
    const std::uint64_t next = now > known ? now : known - (known - now) / 4;
    // All runners read the line: it is written if that makes a difference.
    if (next > known + known / 8 || next < known - known / 16) each_.store(next, base::relaxed);  // relaxed: as above
  }

  /// True for about one of sixteen calls in each thread, at random: to measure where nothing else asks for it.
  [[nodiscard]] static bool is_sample() noexcept {
    static constinit thread_local std::uint32_t drawn = 0;
    drawn = drawn * 1664525 + 1013904223;  // Knuth and Lewis, in Numerical Recipes
    return drawn >> 28U == 0;
  }

  /// Has `learner` learn how long a scope takes that is so many items.
  class measurement {
   public:
    explicit measurement(cost_hint& learner, std::uint64_t items = 1) noexcept : learner_(learner), items_(items) {}
    measurement(const measurement&) = delete;
    measurement& operator=(const measurement&) = delete;
    ~measurement() { learner_.learn(items_, std::chrono::steady_clock::now() - begin_); }

   private:
    cost_hint& learner_;
    std::uint64_t items_;
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  };

 private:
  static constexpr std::uint64_t longest = UINT64_MAX / 2;

  base::atomic<std::uint64_t> each_{0};
};

/// What is known of a `Body`.
template <class Body>
inline constinit cost_hint cost_hint_of;

}  // namespace heddle::scheduling
