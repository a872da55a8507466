// SPDX-License-Identifier: MIT
// The seam between heddle and the machine stack: where the calling thread is on it, and where it ends.
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

/// The lowest address of the calling thread's stack; 0 if the system does not say. Takes microseconds, and memory.
[[nodiscard]] inline std::uintptr_t end_of_stack() noexcept {
#if defined(__linux__)
  pthread_attr_t attributes;
  if (::pthread_getattr_np(::pthread_self(), &attributes) != 0) return 0;
  void* end = nullptr;
  std::size_t size = 0;
  const bool known = ::pthread_attr_getstack(&attributes, &end, &size) == 0;
  ::pthread_attr_destroy(&attributes);
  return known ? reinterpret_cast<std::uintptr_t>(end) : 0;
#elif defined(__APPLE__)
  const pthread_t self = ::pthread_self();
  return reinterpret_cast<std::uintptr_t>(::pthread_get_stackaddr_np(self)) - ::pthread_get_stacksize_np(self);
#else
  return 0;
#endif
}

/// Tells when a thread's stack is nearly used up.
class stack_gauge {
 public:
  stack_gauge() noexcept = default;  // never

  /// Of the calling thread, which has just begun.
  [[nodiscard]] static stack_gauge of_this_thread() noexcept {
    stack_gauge made;
    made.begin_ = stack_position();
    made.deep_below_ = made.begin_ - shallow;
    return made;
  }

  /// True if the calling thread, whose gauge it is, has less than a quarter of its stack left. The first call beyond
  /// some frames asks the system where it ends: how much of it thread-local variables take is not known otherwise.
  [[nodiscard]] bool is_deep() noexcept {
    const std::uintptr_t position = stack_position();
    if (position >= deep_below_) [[likely]]
      return false;
    if (!is_measured_) measure();
    return is_measured_ && position < deep_below_;
  }

 private:
  static constexpr std::size_t shallow = 8192;  // less than the smallest stack

  void measure() noexcept {
    const std::uintptr_t end = end_of_stack();
    if (end == 0) return;
    is_measured_ = true;
    deep_below_ = end < begin_ ? end + (begin_ - end) / 4 : 0;  // else the thread was on a stack that is not its own
  }

  std::uintptr_t begin_ = 0;
  std::uintptr_t deep_below_ = 0;
  bool is_measured_ = false;
};

}  // namespace heddle::sync
