// SPDX-License-Identifier: MIT
// A lock of one byte for critical sections of a few instructions that hardly ever meet.
#pragma once

#include <heddle/base/atomic.hpp>
#include <heddle/base/cpu.hpp>

namespace heddle::base {

/// Spins, and yields when its holder seems to be off the processor. Fits std::lock_guard.
class spin_lock {
 public:
  void lock() noexcept {
    for (int spins = 0; !try_lock(); ++spins) {
      spins < most_spins ? pause() : yield();
    }
  }

  // [spin_lock.1] acquire: what the previous holder did.
  [[nodiscard]] bool try_lock() noexcept { return !taken_.exchange(true, acquire); }

  void unlock() noexcept { taken_.store(false, release); }  // [spin_lock.1] release: for the next holder

 private:
  static constexpr int most_spins = 64;

  atomic<bool> taken_{false};
};

}  // namespace heddle::base
