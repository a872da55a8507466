// SPDX-License-Identifier: MIT
// Which CPU a thread runs on. Left to the system, two busy threads sometimes share one CPU for a second.
#pragma once

#include <cstddef>

#if defined(__linux__)
#include <sched.h>
#endif

namespace heddle_bench {

#if defined(__linux__)

/// The CPUs that the program may use, as it was started.
inline const cpu_set_t& allowed_cpus() {
  static const cpu_set_t mask = [] {
    cpu_set_t own;
    CPU_ZERO(&own);
    ::sched_getaffinity(0, sizeof own, &own);
    return own;
  }();
  return mask;
}

inline std::size_t allowed_cpu_count() { return static_cast<std::size_t>(CPU_COUNT(&allowed_cpus())); }

/// Keeps the calling thread on the allowed CPU number `index`, counted from 0 and around.
inline void pin_this_thread(std::size_t index) {
  const cpu_set_t& allowed = allowed_cpus();
  std::size_t before = index % allowed_cpu_count();
  for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed) || before-- > 0) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    ::sched_setaffinity(0, sizeof one, &one);
    return;
  }
}

inline void unpin_this_thread() { ::sched_setaffinity(0, sizeof(cpu_set_t), &allowed_cpus()); }

/// allowed_cpus() as it was before any thread was pinned.
[[maybe_unused]] inline const std::size_t allowed_cpus_at_start = allowed_cpu_count();

#else

inline std::size_t allowed_cpu_count() { return 1; }
inline constexpr std::size_t allowed_cpus_at_start = 1;
inline void pin_this_thread(std::size_t) {}
inline void unpin_this_thread() {}

#endif

/// Pins the helper number `index` of a caller that is on the first CPU: never there, unless there is no other.
inline void pin_helper(std::size_t index) {
  const std::size_t others = allowed_cpu_count() - 1;
  pin_this_thread(others == 0 ? 0 : 1 + index % others);
}

/// Keeps the caller on the first CPU as long as it lives. Make it after the runtime whose threads the caller works
/// with: threads inherit the CPUs of the one that starts them, and a runtime may count them.
class pinned_caller {
 public:
  pinned_caller() { pin_this_thread(0); }
  pinned_caller(const pinned_caller&) = delete;
  pinned_caller& operator=(const pinned_caller&) = delete;
  ~pinned_caller() { unpin_this_thread(); }
};

}  // namespace heddle_bench
