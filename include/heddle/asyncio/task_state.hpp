// SPDX-License-Identifier: MIT
// A task that runs by itself: the root of a chain, its result, and those who wait for its end.
#pragma once

#include <coroutine>
#include <cstdint>
#include <exception>
#include <utility>

#include <heddle/asyncio/cancellation_point.hpp>
#include <heddle/asyncio/task.hpp>
#include <heddle/base/report.hpp>
#include <heddle/coro/cancellation.hpp>
#include <heddle/coro/chain.hpp>
#include <heddle/coro/event_loop.hpp>
#include <heddle/coro/result.hpp>
#include <heddle/errors.hpp>
#include <heddle/queue/job.hpp>

namespace heddle::asyncio {

/// Told once, when a task ends. Lives in an awaiter.
struct end_listener {
  using function = void (*)(end_listener&) noexcept;

  explicit end_listener(function its_notify) noexcept : notify(its_notify) {}

  end_listener* next = nullptr;
  function notify;
};

/// The part that does not depend on the type of the result. Only the thread of the loop touches it while the task runs.
///
/// Its owners are counted: the loop until the task has ended, the handle, and every awaiter while it waits.
class task_state_base : public coro::chain {
 public:
  [[nodiscard]] bool done() const noexcept { return done_; }
  /// True once the task has ended by an exception; cancelled(): by a cancelled_error.
  [[nodiscard]] bool failed() const noexcept { return failed_; }
  [[nodiscard]] bool cancelled() const noexcept { return cancelled_; }

  /// True if the request was made; false if the task has ended.
  bool cancel() noexcept {
    if (done_) return false;
    coro::cancellation(loop()).request(*this);
    return true;
  }

  /// Throws invalid_state_error if `awaiting` can never see the end of this task.
  void throw_if_unawaitable_in(const coro::chain& awaiting) const {
    if (&awaiting.loop() != &loop()) {
      throw invalid_state_error(
          "this task runs in another event loop than the one that awaits it: await it there, and pass the result by a "
          "heddle::promise");
    }
    if (&awaiting == this) throw invalid_state_error("a task cannot await itself: it would never end");
  }

  void add(end_listener& added) noexcept {
    added.next = listeners_;
    listeners_ = &added;
  }
  void remove(end_listener& removed) noexcept {
    end_listener** link = &listeners_;
    while (*link != &removed) link = &(*link)->next;
    *link = removed.next;
  }

  void share() noexcept { ++owners_; }
  void release() noexcept {
    if (--owners_ == 0) ask(dispose_request);
  }

 protected:
  static constexpr unsigned dispose_request = first_own_request;

  task_state_base(code its_code, coro::event_loop& loop, std::coroutine_handle<> root) noexcept
      : chain(its_code, loop, root) {
    loop.chains().insert(*this);
    loop.make_ready(*this);
  }
  ~task_state_base() = default;

  /// False if the task was cancelled before its first turn: then it never begins.
  [[nodiscard]] bool begin() noexcept { return std::exchange(begun_, true) || !take_cancellation(); }

  /// The task has ended, and may be gone afterwards.
  void leave_loop(const std::exception_ptr& error) noexcept {
    failed_ = error != nullptr;
    cancelled_ = failed_ && is_cancellation(error);
    done_ = true;
    list_link::leave();
    end_listener* in_order = nullptr;
    while (listeners_ != nullptr) {
      end_listener* const told = std::exchange(listeners_, listeners_->next);
      told->next = std::exchange(in_order, told);
    }
    while (in_order != nullptr) {
      end_listener& told = *std::exchange(in_order, in_order->next);
      told.notify(told);
    }
    release();
  }

 private:
  static bool is_cancellation(const std::exception_ptr& error) noexcept {
    try {
      std::rethrow_exception(error);
    } catch (const cancelled_error&) {
      return true;
    } catch (...) {
      return false;
    }
  }

  end_listener* listeners_ = nullptr;
  std::uint32_t owners_ = 2;  // the loop and the first handle
  bool begun_ = false;
  bool done_ = false;
  bool failed_ = false;
  bool cancelled_ = false;
};

/// Made by new; frees itself when its last owner has left.
template <class T>
class task_state final : public task_state_base {
 public:
  task_state(coro::event_loop& loop, task<T>&& root)
      : task_state_base(&answer, loop, root.coroutine_), root_(std::move(root)) {
    root_.coroutine_.promise().become_root_of(*this);
    root_.coroutine_.promise().write_to(result_);
  }

  /// The result, for somebody who takes notice of it.
  [[nodiscard]] coro::result<T>& result() noexcept {
    noticed_ = true;
    return result_;
  }

 private:
  ~task_state() {
    if (noticed_ || cancelled()) return;
    if (const auto error = result_.error()) {
      base::report_exception("an asyncio task threw, and nobody awaited it", error);
    }
  }

  static void answer(queue::job& self, unsigned request, const queue::refusal*) noexcept {
    auto& asked = static_cast<task_state&>(self);
    if (request == run_request) asked.run_turn();
    if (request == dispose_request) delete &asked;
  }

  void run_turn() noexcept {
    if (begin()) {
      resume();
      if (!ended()) return;
      replace_missing(result_);
    } else {
      result_.set_error(
          std::make_exception_ptr(cancelled_error("cancelled: this asyncio task was cancelled before it "
                                                  "began")));
    }
    root_ = task<T>();  // the coroutine's arguments go before anybody learns of its end
    leave_loop(result_.error());
  }

  coro::result<T> result_;
  task<T> root_;
  bool noticed_ = false;
};

}  // namespace heddle::asyncio
