// SPDX-License-Identifier: MIT
// How long it takes until a thread that sleeps runs again, as measured on this machine.
#pragma once

#include <chrono>
#include <cstdint>

#include <heddle/base/atomic.hpp>

namespace heddle::sync {

/// One figure for the whole program: it depends on the processor's idle states and the system more than on who sleeps.
/// It follows quick wake-ups at once and slow ones reluctantly: a thread that had to wait for a busy processor says
/// nothing about that. Any thread.
class wake_latency {
 public:
  using nanoseconds = std::chrono::nanoseconds;

  [[nodiscard]] static nanoseconds typical() noexcept { return nanoseconds(known_.load(base::relaxed)); }  // a guess

  /// A thread that slept runs again, so long after it was called.
  static void learn(nanoseconds took) noexcept {
    const std::int64_t known = known_.load(base::relaxed);  // relaxed: a guess; a lost update is a lost guess
    const std::int64_t seen = bounded(took.count());
    known_.store(seen < known ? known - (known - seen) / 4 : known + (seen - known) / 16, base::relaxed);  // as above
  }

 private:
  static constexpr std::int64_t least = 10'000;
  static constexpr std::int64_t most = 200'000;

  static constexpr std::int64_t bounded(std::int64_t took) noexcept {
    return took < least ? least : took > most ? most : took;
  }

  static inline constinit base::atomic<std::int64_t> known_{32'000};
};

}  // namespace heddle::sync
