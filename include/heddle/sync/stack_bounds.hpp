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

#if defined(__linux__) || defined(__APPLE__)
inline constexpr bool knows_end_of_stack = true;
#else
inline constexpr bool knows_end_of_stack = false;
#endif

/// The lowest address of the calling thread's stack; 0 if the system does not say, or has no memory for its answer,
/// which takes it microseconds.
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

/// Tells when the stack of the thread that makes it, which has just begun, is nearly used up.
class stack_gauge {
 public:
  /// True if less than a quarter of the stack is left, or so little that it would not do for going on elsewhere. The
  /// first call beyond some frames asks the system where it ends: how much of it thread-local variables take is not
  /// known otherwise. True, too, while the system cannot say; never where it has no answer at all.
  [[nodiscard]] bool is_deep() noexcept {
    const std::uintptr_t position = stack_position();
    if (position >= deep_below_) [[likely]]
      return false;
    if (!is_measured_) measure();
    return position < deep_below_;
  }

 private:
  static constexpr std::size_t shallow = 4096;
  static constexpr std::size_t least_left = std::size_t{12} << 10U;  // to start a thread, in a program that binds late

  [[gnu::noinline]] void measure() noexcept {
    const std::uintptr_t end = end_of_stack();
    if (end == 0 && knows_end_of_stack) return;
    is_measured_ = true;
    deep_below_ = 0;
    if (end == 0 || end >= begin_) return;  // the thread was on a stack that is not its own
    const std::size_t quarter = (begin_ - end) / 4;
    deep_below_ = end + (quarter > least_left ? quarter : least_left);
  }

  std::uintptr_t begin_ = stack_position();
  std::uintptr_t deep_below_ = begin_ - shallow;
  bool is_measured_ = false;
};

}  // namespace heddle::sync
