// SPDX-License-Identifier: MIT
// What the code needs to know of the processor: the size of a cache line, and how to spin politely.
#pragma once

#include <cstddef>

#if defined(_MSC_VER) && (defined(_M_X64) || defined(_M_IX86) || defined(_M_ARM64))
#include <intrin.h>
#endif

namespace heddle::base {

/// Bytes between two objects that different threads write often. Two lines of 64 bytes: x86 fetches them in pairs.
inline constexpr std::size_t cache_line = 128;

/// Tells the processor that this thread spins: saves power, and leaves the core to a sibling hyper-thread.
inline void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__) && (defined(__GNUC__) || defined(__clang__))
  asm volatile("isb" ::: "memory");
#elif defined(_MSC_VER) && defined(_M_ARM64)
  __isb(_ARM64_BARRIER_SY);
#elif defined(_MSC_VER) && (defined(_M_X64) || defined(_M_IX86))
  _mm_pause();
#endif
}

/// Asks for the cache line of an address that is to be read soon.
inline void prefetch([[maybe_unused]] const void* address) noexcept {
#if defined(__GNUC__) || defined(__clang__)
  __builtin_prefetch(address);
#endif
}

}  // namespace heddle::base
