// SPDX-License-Identifier: MIT
// The seam between heddle and fork(2): the child has only the thread that called it.
#pragma once

#include <cstdint>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

#include <heddle/base/atomic.hpp>

namespace heddle::base {

/// Grows by one in the child of each fork() after the first call of count_forks(): who keeps the number knows later
/// whether the threads that there were then are still there.
inline atomic<std::uint32_t> forks_so_far{0};

[[nodiscard]] inline std::uint32_t fork_count() noexcept {
  return forks_so_far.load(relaxed);  // relaxed: written where there is one thread only
}

/// From now on forks are counted.
inline void count_forks() noexcept {
#if defined(__unix__) || defined(__APPLE__)
  const auto count = [] { forks_so_far.fetch_add(1, relaxed); };  // relaxed: as above
  [[maybe_unused]] static const int counts = ::pthread_atfork(nullptr, nullptr, +count);
#endif
}

/// From now on forks are counted, and `in_child` is called in each child, by its only thread. Call it once.
inline void watch_forks([[maybe_unused]] void (*in_child)()) noexcept {
  count_forks();
#if defined(__unix__) || defined(__APPLE__)
  ::pthread_atfork(nullptr, nullptr, in_child);
#endif
}

/// From now on `lock` is called before each fork, and `unlock` afterwards, in the parent and in the child: so the child
/// finds what they guard in order. Call it once.
inline void lock_over_forks([[maybe_unused]] void (*lock)(), [[maybe_unused]] void (*unlock)()) noexcept {
#if defined(__unix__) || defined(__APPLE__)
  ::pthread_atfork(lock, unlock, unlock);
#endif
}

}  // namespace heddle::base
