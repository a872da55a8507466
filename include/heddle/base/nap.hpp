// SPDX-License-Identifier: MIT
// Off the processor for a moment: for who waits for a thread that may have lost its own, and that will not wake
// anybody.
#pragma once

#if defined(__unix__) || defined(__APPLE__)
#include <sched.h>
#include <time.h>
#else
#include <chrono>
#include <thread>
#endif

namespace heddle::base {

/// Sleeps so long, and what the system's timers add, on Linux 50 us. Unlike a yield it lets threads of lower priority
/// run, and an idle processor fetches those that wait for another one. May end early.
inline void nap(unsigned microseconds) noexcept {
#if defined(__unix__) || defined(__APPLE__)
  timespec length{};
  length.tv_nsec = static_cast<long>(microseconds) * 1000;
  ::nanosleep(&length, nullptr);
#else
  std::this_thread::sleep_for(std::chrono::microseconds(microseconds));
#endif
}

/// Lets another thread have the processor that waits for just this one; returns at once if there is none.
inline void yield() noexcept {
#if defined(__unix__) || defined(__APPLE__)
  ::sched_yield();
#else
  std::this_thread::yield();
#endif
}

}  // namespace heddle::base
