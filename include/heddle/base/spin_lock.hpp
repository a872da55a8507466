// SPDX-License-Identifier: MIT
// A lock of one byte for critical sections of a few instructions that hardly ever meet.
#pragma once

#if defined(__unix__) || defined(__APPLE__)
#include <sched.h>
#else
#include <thread>
#endif

#include <heddle/base/atomic.hpp>
#include <heddle/base/cpu.hpp>

namespace heddle::base {

/// Gives the rest of the thread's time slice to another one.
inline void yield() noexcept {
#if defined(__unix__) || defined(__APPLE__)
  ::sched_yield();
#else
  std::this_thread::yield();
#endif
}

/// Spins, and yields when its holder seems to be off the processor. Fits std::lock_guard.
class spin_lock {
 public:
  void lock() noexcept {
    for (int spins = 0; !try_lock(); ++spins) {
      while (taken_.load(relaxed)) {  // relaxed: try_lock() acquires
        if (++spins < 64) {
          pause();
        } else {
          yield();
        }
      }
    }
  }

  // [spin_lock.1] acquire: what the previous holder did.
  [[nodiscard]] bool try_lock() noexcept { return !taken_.exchange(true, acquire); }

  void unlock() noexcept { taken_.store(false, release); }  // [spin_lock.1] release: for the next holder

 private:
  atomic<bool> taken_{false};
};

}  // namespace heddle::base
