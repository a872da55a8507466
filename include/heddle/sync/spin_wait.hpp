// SPDX-License-Identifier: MIT
// Waiting awake, for a bounded time, before it is worth going to sleep.
#pragma once

#include <chrono>
#include <cstdint>

#include <heddle/base/atomic.hpp>
#include <heddle/base/available_parallelism.hpp>
#include <heddle/base/cpu.hpp>

namespace heddle::sync {

/// About a third of what a futex wake-up costs: longer spinning loses more than it saves when the wait is long.
inline constexpr std::chrono::microseconds spin_limit{10};

/// False where only one thread can run at a time: what is waited for could not make progress meanwhile.
[[nodiscard]] inline bool spinning_helps() noexcept {
  // Not a static variable with an initializer: a fork() meanwhile would leave it locked in the child.
  enum answer : std::uint8_t { unknown, yes, no };
  static constinit base::atomic<answer> known{unknown};
  if (known.load(base::relaxed) == unknown) {  // relaxed: all threads come to the same answer
    known.store(base::available_parallelism() > 1 ? yes : no, base::relaxed);  // relaxed: as above
  }
  return known.load(base::relaxed) == yes;  // relaxed: as above
}

/// Polls `condition` for up to spin_limit; returns what it said last.
template <class Condition>
[[nodiscard]] bool spin_until(Condition condition) {
  if (condition()) return true;
  if (!spinning_helps()) return false;
  const auto end = std::chrono::steady_clock::now() + spin_limit;
  do {
    for (int polls = 0; polls < 16; ++polls) {
      base::pause();
      if (condition()) return true;
    }
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

}  // namespace heddle::sync
