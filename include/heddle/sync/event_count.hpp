// SPDX-License-Identifier: MIT
// Sleeping until a condition that lives elsewhere holds, without missing the moment and without a lock.
#pragma once

#include <cstdint>

#include <heddle/base/atomic.hpp>
#include <heddle/sync/deadline.hpp>
#include <heddle/sync/park.hpp>

namespace heddle::sync {

/// A condition variable for lock-free conditions (Vyukov's event count):
///
///     waiter:    key = prepare_wait();  if (condition) cancel_wait(); else wait(key);   // and look again
///     notifier:  make the condition true;  notify_one();
///
/// `waiters_` counts the threads between prepare_wait() and the end of their wait; every thread writes it, with
/// read-modify-writes only. `epoch_` is what waiters sleep on; only notifiers that see a waiter write it.
class event_count {
 public:
  using key = std::uint32_t;

  /// After it, look at the condition once more, then call wait() or cancel_wait().
  [[nodiscard]] key prepare_wait() noexcept {
    // [event_count.1] acq_rel: this and the notifier's are read-modify-writes of one word, so one of them is first. If
    //   the notifier's is, we acquire it, and the caller's second look sees the condition; else the notifier sees us.
    waiters_.fetch_add(1, base::acq_rel);
    // [event_count.2] acquire: a notifier that saw us and raised the epoch before this load raised it after making its
    //   condition true, which the second look then sees; one that raises it later ends our sleep.
    return epoch_.load(base::acquire);
  }

  void cancel_wait() noexcept { leave(); }

  /// Sleeps until a notification that came after prepare_wait(), or until the deadline. May return for no reason.
  void wait(key prepared, deadline until = no_deadline) noexcept {
    park_until(epoch_, prepared, until);
    leave();
  }

  void notify_one() noexcept {
    if (raise_epoch()) unpark_one(&epoch_);
  }

  void notify_all() noexcept {
    if (raise_epoch()) unpark_all(&epoch_);
  }

 private:
  void leave() noexcept {
    waiters_.fetch_sub(1, base::relaxed);  // relaxed: a notifier that still counts us makes one needless wake
  }

  /// False when nobody waits: a notification then costs one read-modify-write and no system call.
  bool raise_epoch() noexcept {
    // [event_count.1] acq_rel: the notifier's half, see prepare_wait(). Adding zero is what makes it a write.
    if (waiters_.fetch_add(0, base::acq_rel) == 0) return false;
    // [event_count.2] release: the notifier's half, see prepare_wait().
    epoch_.fetch_add(1, base::release);
    return true;
  }

  base::atomic<std::uint32_t> waiters_{0};
  parking_word epoch_{0};
};

}  // namespace heddle::sync
