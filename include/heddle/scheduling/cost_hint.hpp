// SPDX-License-Identifier: MIT
// What the last runs of a loop body cost, as a guess for the next one.
#pragma once

#include <chrono>
#include <cstdint>

#include <heddle/base/atomic.hpp>

namespace heddle::scheduling {

/// Twice what it takes until a worker that sleeps has been woken: for less than that, nobody is.
inline constexpr std::chrono::nanoseconds worth_waking{64000};

/// The cost of one item of the loops whose body is a `Body`. A dearer measurement is believed at once, a cheaper one by
/// a quarter: too dear a guess costs a wake-up, too cheap a one the whole gain. Any thread.
template <class Body>
class cost_hint {
 public:
  using picoseconds = std::chrono::duration<std::uint64_t, std::pico>;

  /// What `items` of them will take; zero if that is not known yet.
  [[nodiscard]] static picoseconds predict(std::uint64_t items) noexcept {
    const std::uint64_t each = each_.load(base::relaxed);  // relaxed: a guess
    return picoseconds(items > longest / (each + 1) ? longest : items * each);
  }

  [[nodiscard]] static bool is_known() noexcept { return each_.load(base::relaxed) != 0; }  // relaxed: a guess

  static void learn(std::uint64_t items, std::chrono::nanoseconds took) noexcept {
    const std::uint64_t known = each_.load(base::relaxed);  // relaxed: a guess; a lost update is a lost guess
    const std::uint64_t now = static_cast<std::uint64_t>(took.count()) * 1000 / items + 1;
    each_.store(now > known ? now : known - (known - now) / 4, base::relaxed);  // relaxed: as above
  }

  /// True for one of sixteen calls in each thread: to measure where nothing else asks for it.
  [[nodiscard]] static bool is_sample() noexcept {
    static thread_local unsigned calls = 0;
    return ++calls % 16 == 0;
  }

  /// Learns how long a scope takes that is one item.
  class measurement {
   public:
    measurement() noexcept = default;
    measurement(const measurement&) = delete;
    measurement& operator=(const measurement&) = delete;
    ~measurement() { learn(1, std::chrono::steady_clock::now() - begin_); }

   private:
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  };

 private:
  static constexpr std::uint64_t longest = UINT64_MAX / 2;

  static inline base::atomic<std::uint64_t> each_{0};
};

}  // namespace heddle::scheduling
