// SPDX-License-Identifier: MIT
// The seam between heddle and the machine stack: how big it is, and where the calling thread is on it.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__linux__) || defined(__APPLE__)
#include <pthread.h>
#elif defined(_MSC_VER)
#include <intrin.h>
#endif

namespace heddle::sync {

/// About where the top of the calling thread's stack is. Stacks grow towards lower addresses.
[[nodiscard]] inline std::uintptr_t stack_position() noexcept {
#if defined(__GNUC__) || defined(__clang__)
  return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
#else
  return reinterpret_cast<std::uintptr_t>(_AddressOfReturnAddress());
#endif
}

/// The size of the stacks that new threads get if they do not ask for another one, in bytes; 0 where the system does
/// not say.
[[nodiscard]] inline std::size_t usual_stack_size() noexcept {
#if defined(__linux__) || defined(__APPLE__)
  pthread_attr_t attributes;
  if (::pthread_attr_init(&attributes) != 0) return 0;
  std::size_t size = 0;
  const bool known = ::pthread_attr_getstacksize(&attributes, &size) == 0;
  ::pthread_attr_destroy(&attributes);
  return known ? size : 0;
#else
  return 0;
#endif
}

/// Where less than about a quarter of the calling thread's stack is left: below the position. For a thread that has
/// just begun, on a stack of `size` bytes; 0 if that is not known. (To ask the system for the bounds of a thread's
/// stack takes it microseconds, and memory.)
[[nodiscard]] inline std::uintptr_t last_quarter_of_stack(std::size_t size) noexcept {
  return size == 0 ? 0 : stack_position() - size / 4 * 3;
}

}  // namespace heddle::sync
