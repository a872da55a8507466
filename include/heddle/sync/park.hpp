// SPDX-License-Identifier: MIT
// The seam between heddle and the system's scheduler: put a thread to sleep on a word, wake it.
#pragma once

#include <cstdint>

#include <heddle/base/atomic.hpp>
#include <heddle/sync/deadline.hpp>

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <ctime>
#else
#include <condition_variable>
#include <mutex>
#endif

namespace heddle::sync {

using parking_word = base::atomic<std::uint32_t>;

/// park_until(word, expected, until) sleeps while `word` holds `expected`, until somebody unparks its address or the
/// deadline passes; it may wake for no reason. unpark_one(address) and unpark_all(address) never read the word, so it
/// may be gone by then; who is woken by a stale address sees a wake-up for no reason. Neither orders memory.
#if defined(__linux__)

inline void futex_wait(const parking_word& word, std::uint32_t expected, deadline until, int flags) noexcept {
  // FUTEX_WAIT_BITSET takes an absolute time of CLOCK_MONOTONIC, which is std::chrono::steady_clock here.
  timespec time{};
  if (until != no_deadline) {
    const auto since_boot = until.time_since_epoch();
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(since_boot);
    time.tv_sec = static_cast<std::time_t>(whole.count());
    time.tv_nsec = static_cast<long>(std::chrono::nanoseconds(since_boot - whole).count());
  }
  ::syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | flags, expected, until == no_deadline ? nullptr : &time, nullptr,
            FUTEX_BITSET_MATCH_ANY);
}

inline void futex_wake(const parking_word* address, int count, int flags) noexcept {
  ::syscall(SYS_futex, address, FUTEX_WAKE | flags, count, nullptr, nullptr, 0);
}

inline void park_until(const parking_word& word, std::uint32_t expected, deadline until) noexcept {
  futex_wait(word, expected, until, FUTEX_PRIVATE_FLAG);
}
inline void unpark_one(const parking_word* address) noexcept { futex_wake(address, 1, FUTEX_PRIVATE_FLAG); }
inline void unpark_all(const parking_word* address) noexcept { futex_wake(address, INT32_MAX, FUTEX_PRIVATE_FLAG); }

/// The same for a word in memory that several processes share, of which others unpark.
inline void park_shared_until(const parking_word& word, std::uint32_t expected, deadline until) noexcept {
  futex_wait(word, expected, until, 0);
}
inline void unpark_shared(const parking_word* address) noexcept { futex_wake(address, 1, 0); }

#else

/// One of a fixed number of lists of sleepers; an address picks one. Never destroyed: threads may sleep at exit.
struct parking_bucket {
  std::mutex mutex;
  std::condition_variable woken;

  static parking_bucket& of(const void* address) {
    static auto& buckets = *new parking_bucket[64];
    return buckets[(reinterpret_cast<std::uintptr_t>(address) >> 4) % 64];
  }
};

inline void park_until(const parking_word& word, std::uint32_t expected, deadline until) noexcept {
  parking_bucket& bucket = parking_bucket::of(&word);
  std::unique_lock lock(bucket.mutex);
  // relaxed: who changes the word unparks afterwards, under this mutex.
  if (word.load(base::relaxed) != expected) return;
  if (until == no_deadline) {
    bucket.woken.wait(lock);
  } else {
    bucket.woken.wait_until(lock, until);
  }
}

inline void unpark_all(const parking_word* address) noexcept {
  parking_bucket& bucket = parking_bucket::of(address);
  const std::lock_guard lock(bucket.mutex);
  bucket.woken.notify_all();
}

/// Addresses share buckets, so waking one sleeper could wake the wrong one.
inline void unpark_one(const parking_word* address) noexcept { unpark_all(address); }

#endif

}  // namespace heddle::sync
