// SPDX-License-Identifier: MIT
// Whether the calling thread has just woken another one.
#pragma once

#include <heddle/base/atomic.hpp>

namespace heddle::sync {

/// Who has woken a thread and then waits for what that does had better sleep at once: the system tends to put the woken
/// thread on the waker's processor, where it waits for as long as the waker spins.
class wake_mark {
 public:
  static void leave() noexcept { mark::set(&left); }

  /// True if the mark was left since the last call.
  [[nodiscard]] static bool take() noexcept {
    if (mark::get() == nullptr) return false;
    mark::set(nullptr);
    return true;
  }

 private:
  using mark = base::per_thread_pointer<const char, wake_mark>;

  static constexpr char left = 0;
};

}  // namespace heddle::sync
