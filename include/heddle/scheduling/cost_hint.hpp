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

/// The cost of one item of the loops whose body is a `Body`. A dearer measurement is believed at once, a cheaper one by
/// a quarter: too dear a guess costs a wake-up, too cheap a one the whole gain. Any thread.
template <class Body>
class cost_hint {
 public:
  using picoseconds = std::chrono::duration<std::uint64_t, std::pico>;

  /// What `items` of them will take; zero if that is not known yet.
  [[nodiscard]] static picoseconds predict(std::uint64_t items) noexcept {
    const std::uint64_t each = each_.load(base::relaxed);  // relaxed: a guess
    const bool fits = std::bit_width(items) + std::bit_width(each) < 64;
    return picoseconds(fits ? items * each : longest);
  }

  [[nodiscard]] static bool is_known() noexcept { return each_.load(base::relaxed) != 0; }  // relaxed: a guess

  static void learn(std::uint64_t items, std::chrono::nanoseconds took) noexcept {
    const std::uint64_t known = each_.load(base::relaxed);  // relaxed: a guess; a lost update is a lost guess
    const std::uint64_t now = static_cast<std::uint64_t>(took.count()) * 1000 / items + 1;
    const std::uint64_t next = now > known ? now : known - (known - now) / 4;
    // All runners read the line: it is written if that makes a difference.
    if (next > known + known / 8 || next < known - known / 16) each_.store(next, base::relaxed);  // relaxed: as above
  }

  /// True for one of sixteen calls in each thread: to measure where nothing else asks for it.
  [[nodiscard]] static bool is_sample() noexcept {
    static thread_local unsigned calls = 0;
    return ++calls % 16 == 0;
  }

  /// Learns how long a scope takes that is so many items.
  class measurement {
   public:
    explicit measurement(std::uint64_t items = 1) noexcept : items_(items) {}
    measurement(const measurement&) = delete;
    measurement& operator=(const measurement&) = delete;
    ~measurement() { learn(items_, std::chrono::steady_clock::now() - begin_); }

   private:
    std::uint64_t items_;
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  };

 private:
  static constexpr std::uint64_t longest = UINT64_MAX / 2;

  static inline base::atomic<std::uint64_t> each_{0};
};

}  // namespace heddle::scheduling
