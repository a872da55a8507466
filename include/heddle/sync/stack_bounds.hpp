// SPDX-License-Identifier: MIT
// The seam between heddle and the machine stack: how much of it the calling thread has left.
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

/// The position below which less than a quarter of the calling thread's stack is left; 0 where the system does not say.
/// Costs microseconds: keep it.
[[nodiscard]] inline std::uintptr_t last_quarter_of_stack() noexcept {
#if defined(__linux__)
  pthread_attr_t attributes;
  if (::pthread_getattr_np(::pthread_self(), &attributes) != 0) return 0;
  void* lowest = nullptr;
  std::size_t size = 0;
  const bool known = ::pthread_attr_getstack(&attributes, &lowest, &size) == 0;
  ::pthread_attr_destroy(&attributes);
  return known ? reinterpret_cast<std::uintptr_t>(lowest) + size / 4 : 0;
#elif defined(__APPLE__)
  const auto highest = reinterpret_cast<std::uintptr_t>(::pthread_get_stackaddr_np(::pthread_self()));
  const std::size_t size = ::pthread_get_stacksize_np(::pthread_self());
  return highest - size + size / 4;
#else
  return 0;
#endif
}

}  // namespace heddle::sync
