// SPDX-License-Identifier: MIT
// What a chain of coroutines waits for while it is suspended, as a cancellation sees it.
#pragma once

namespace heddle::coro {

class cancellation;

/// The base of awaiters. It lives in the frame of the coroutine that awaits, so suspending allocates nothing. All calls
/// come from the loop's thread.
class suspension {
 public:
  suspension(const suspension&) = delete;
  suspension& operator=(const suspension&) = delete;

  /// True if tasks are awaited that have not ended: a cancellation goes on to them by pass_on(), and the awaiter waits
  /// for their end, so that nothing they refer to in its frame goes before them.
  [[nodiscard]] virtual bool passes_on() const noexcept { return false; }
  virtual void pass_on(cancellation&) noexcept {}

  /// Takes the awaiter back from where it would be woken. False if it is too late: the wake-up is on its way.
  [[nodiscard]] virtual bool try_leave() noexcept = 0;

 protected:
  suspension() noexcept = default;
  ~suspension() = default;
};

}  // namespace heddle::coro
