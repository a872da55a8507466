// SPDX-License-Identifier: MIT
// A chain of coroutines, each awaiting the next: what a loop schedules and what is cancelled.
#pragma once

#include <coroutine>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <heddle/coro/list_link.hpp>
#include <heddle/coro/suspension.hpp>
#include <heddle/coro/transfer.hpp>
#include <heddle/queue/job.hpp>

namespace heddle::coro {

class event_loop;

/// One line of execution: a root coroutine, the one it awaits, and so on down to the one that runs or is suspended. As
/// a job it is queued when that last one can go on. Only the loop's thread touches it; but while it is suspended on
/// something that another thread ends, that thread pushes it to the loop's mailbox, and writes its link `next`.
class chain : public queue::job, public list_link {
 public:
  [[nodiscard]] event_loop& loop() const noexcept { return *loop_; }

  /// Where the chain is suspended; null while it runs, and before its first turn. Still set when it is queued to go on.
  [[nodiscard]] suspension* suspended_on() const noexcept { return suspended_on_; }

  /// `last`, the last coroutine of the chain, has been suspended; somebody queues the chain later.
  void suspend(std::coroutine_handle<> last, suspension* on) noexcept {
    last_ = last;
    suspended_on_ = on;
  }

  /// Goes on in `next`, in place of the coroutine that is being suspended: for the return of its await_suspend().
  template <class Transfer = transfer>
  Transfer transfer_to(std::coroutine_handle<> to) noexcept {
    if constexpr (std::is_void_v<Transfer>) {
      last_ = to;
      transferred_ = true;
    } else {
      return to;
    }
  }

  /// The root has ended: for the return of its final await_suspend().
  template <class Transfer = transfer>
  Transfer end() noexcept {
    ended_ = true;
    if constexpr (!std::is_void_v<Transfer>) return std::noop_coroutine();
  }

  /// A request to cancel is to be thrown where the chain goes on, or is to be suspended next.
  void set_cancellation_pending() noexcept { cancellation_pending_ = true; }
  [[nodiscard]] bool take_cancellation() noexcept { return std::exchange(cancellation_pending_, false); }

  /// The number of the last cancellation that came by.
  [[nodiscard]] std::uint64_t last_cancellation() const noexcept { return last_cancellation_; }
  void set_last_cancellation(std::uint64_t number) noexcept { last_cancellation_ = number; }

 protected:
  chain(code its_code, event_loop& loop, std::coroutine_handle<> root) noexcept
      : job(its_code), loop_(&loop), last_(root) {}
  ~chain() = default;

  [[nodiscard]] bool ended() const noexcept { return ended_; }

  /// Runs until the chain is suspended or its root has ended.
  void resume() noexcept {
    suspended_on_ = nullptr;
    do {
      transferred_ = false;
      last_.resume();
    } while (transferred_);
  }

 private:
  event_loop* loop_;
  std::coroutine_handle<> last_;
  suspension* suspended_on_ = nullptr;
  std::uint64_t last_cancellation_ = 0;
  bool cancellation_pending_ = false;
  bool transferred_ = false;
  bool ended_ = false;
};

}  // namespace heddle::coro
