// SPDX-License-Identifier: MIT
// Barriers between a store and a later load of another word: for threads that each write one word and then read the
// other's, of which at least one is to see what the other wrote (Dekker's algorithm).
#pragma once

#if defined(__linux__)
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(_WIN32)
extern "C" __declspec(dllimport) void __stdcall FlushProcessWriteBuffers(void);
#endif

#include <heddle/base/atomic.hpp>

namespace heddle::base {

/// Two of them do it. They are for decisions like "is there anybody to wake?": no data is handed over by them, so
/// ThreadSanitizer, which does not see them, need not.
inline void full_barrier() noexcept {
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
  // A seventh of mfence, which is what Clang makes of a fence.
  asm volatile("lock; addq $0, (%%rsp)" ::: "memory", "cc");
#else
  // [barrier.1] seq_cst: of two threads' fences one is first; what precedes that, the other thread's loads after its
  // own [barrier.1] see.
  std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
}

/// light_barrier() with heavy_barrier() on the other side does it too: the frequent side pays nothing, the rare one
/// makes up for it (membarrier(2); FlushProcessWriteBuffers). Not two light ones. heavy_barrier() returns false where
/// the system has no such thing, or forbids it: then nothing was ordered.
#if defined(__linux__) || defined(_WIN32)

// [barrier.2] seq_cst, for the compiler only: heavy_barrier() makes the other thread's processor do its half.
inline void light_barrier() noexcept { std::atomic_signal_fence(std::memory_order_seq_cst); }

#else

inline void light_barrier() noexcept {}

#endif

#if defined(__linux__)

// [barrier.2] see light_barrier().
[[nodiscard, gnu::noinline]] inline bool heavy_barrier() noexcept {
  const auto membarrier = [](int command) { return ::syscall(SYS_membarrier, command, 0, 0); };
  if (membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0) return true;
  // The first call in a process: it has to register.
  return membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0 &&
         membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0;
}

#elif defined(_WIN32)

[[nodiscard]] inline bool heavy_barrier() noexcept {
  ::FlushProcessWriteBuffers();
  return true;
}

#else

[[nodiscard]] inline bool heavy_barrier() noexcept { return false; }

#endif

/// Whether the system has it: asks once. To be called before there are many threads, for the first heavy_barrier() of a
/// process with threads may take the system long.
[[nodiscard]] inline bool has_heavy_barrier() noexcept {
  static constinit atomic<int> known{0};
  int answer = known.load(relaxed);  // relaxed: all threads come to the same answer
  if (answer == 0) known.store(answer = heavy_barrier() ? 1 : -1, relaxed);  // relaxed: as above
  return answer > 0;
}

}  // namespace heddle::base
