// SPDX-License-Identifier: MIT
// The seam between heddle and pages of 2 MiB: memory that is about to be filled from end to end.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__linux__)
#include <sys/mman.h>

#include <cerrno>
#endif

namespace heddle::base {

/// Below this many bytes it is not worth the call.
inline constexpr std::size_t least_for_huge_pages = std::size_t{4} << 20U;

/// Asks for huge pages behind memory that is reserved and not yet written. Does nothing for less than
/// `least_for_huge_pages` bytes, and nothing but speed depends on it.
inline void prefer_huge_pages([[maybe_unused]] void* memory, std::size_t size) noexcept {
  if (size < least_for_huge_pages) return;
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  constexpr std::uintptr_t page = 4096;  // where pages are larger, the call refuses more often
  const auto begin = (reinterpret_cast<std::uintptr_t>(memory) + page - 1) & ~(page - 1);
  const auto end = (reinterpret_cast<std::uintptr_t>(memory) + size) & ~(page - 1);
  const int error = errno;
  static_cast<void>(::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE));
  errno = error;
#endif
}

}  // namespace heddle::base
