// SPDX-License-Identifier: MIT
// Waiting awake, for a bounded time, before it is worth going to sleep.
#pragma once

#include <chrono>

#include <heddle/base/cpu.hpp>
#include <heddle/base/nap.hpp>
#include <heddle/base/usable_cpus.hpp>

namespace heddle::sync {

/// About a third of what a futex wake-up costs: longer spinning loses more than it saves when the wait is long.
inline constexpr std::chrono::microseconds spin_limit{10};

/// False where only one thread can run at a time: what is waited for could not make progress meanwhile.
[[nodiscard]] inline bool spinning_helps() noexcept { return base::usable_cpus::count() > 1; }

/// Polls `condition` for up to spin_limit; returns what it said last. Who makes it true may be waiting for this very
/// processor, so it is offered now and then.
template <class Condition>
[[nodiscard]] bool spin_until(Condition condition) {
  if (condition()) return true;
  if (!spinning_helps()) return false;
  const auto end = std::chrono::steady_clock::now() + spin_limit;
  do {
    for (int polls = 0; polls < 64; ++polls) {
      base::pause();
      if (condition()) return true;
    }
    base::yield();
  } while (std::chrono::steady_clock::now() < end);
  return condition();
}

}  // namespace heddle::sync
