// SPDX-License-Identifier: MIT
// A lock for critical sections of a few nanoseconds, at half the price of a mutex.
#pragma once

#include <heddle/base/atomic.hpp>
#include <heddle/base/cpu.hpp>
#include <heddle/base/nap.hpp>

namespace heddle::base {

/// Fits std::lock_guard. Who finds it taken spins for a microsecond or two, the length of hundreds of such sections;
/// by then the holder has lost its processor, and who waits gives up its own until the holder can have it back.
class spin_lock {
 public:
  void lock() noexcept {
    while (!try_lock()) wait_until_free();
  }

  [[nodiscard]] bool try_lock() noexcept {
    // [spin_lock.1] acquire: what earlier holders wrote is seen, see unlock().
    return !taken_.exchange(true, acquire);
  }

  void unlock() noexcept {
    // [spin_lock.1] release: what the holder wrote is for the next one, see try_lock().
    taken_.store(false, release);
  }

 private:
  void wait_until_free() const noexcept {
    unsigned nap_length = shortest_nap;
    for (unsigned polls = 0; taken_.load(relaxed); ++polls) {  // relaxed: try_lock() acquires
      if (polls < longest_spin) {
        pause();
      } else {
        nap(nap_length);
        if (nap_length < longest_nap) nap_length *= 2;
      }
    }
  }

  static constexpr unsigned longest_spin = 64;
  static constexpr unsigned shortest_nap = 50;  // microseconds, both
  static constexpr unsigned longest_nap = 400;

  atomic<bool> taken_{false};
};

}  // namespace heddle::base
