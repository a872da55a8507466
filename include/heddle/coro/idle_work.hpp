// SPDX-License-Identifier: MIT
// What the thread of an event loop can do for the loop instead of sleeping.
#pragma once

#include <heddle/coro/list_link.hpp>

namespace heddle::coro {

/// Something that a coroutine waits for and that this thread may be able to run. All calls come from the loop's thread.
class idle_work : public list_link {
 public:
  /// Runs it here. False if that cannot be done, now or later.
  [[nodiscard]] virtual bool try_run() noexcept = 0;

 protected:
  idle_work() noexcept = default;
  ~idle_work() = default;
};

}  // namespace heddle::coro
