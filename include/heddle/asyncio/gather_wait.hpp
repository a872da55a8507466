// SPDX-License-Identifier: MIT
// How a coroutine waits for several tasks at once: for all of them, or the first that fails.
#pragma once

#include <coroutine>
#include <cstddef>
#include <utility>

#include <heddle/asyncio/cancellation_point.hpp>
#include <heddle/asyncio/task_state.hpp>
#include <heddle/coro/cancellation.hpp>

namespace heddle::asyncio {

class gather_wait;

/// One task that is waited for, and the node by which it tells its end. Owns a share of the task.
class gather_child final : end_listener {
 public:
  explicit gather_child(task_state_base& started) noexcept : end_listener(&tell), task_(&started) {}
  /// Only before listen().
  gather_child(gather_child&& other) noexcept : end_listener(&tell), task_(std::exchange(other.task_, nullptr)) {}
  ~gather_child() {
    if (task_ != nullptr) task_->release();
  }

  [[nodiscard]] task_state_base& task() const noexcept { return *task_; }

  void listen(gather_wait& waiting) noexcept {
    waiting_ = &waiting;
    task_->add(*this);
  }
  void leave() noexcept { task_->remove(*this); }

 private:
  static void tell(end_listener& self) noexcept;

  task_state_base* task_;
  gather_wait* waiting_ = nullptr;
};

/// The part of gather()'s awaiter that does not depend on the types of the results.
///
/// Waits until every child has ended, or one has failed; the others then run on without it. When it is cancelled, it
/// cancels all children, and waits for every one of them: they may refer to the frame that it would unwind.
class gather_wait : public cancellation_point {
 public:
  [[nodiscard]] bool await_ready() const noexcept { return is_over(); }

  template <loop_promise Promise>
  void await_suspend(std::coroutine_handle<Promise> awaiting) {
    const coro::chain& chain = attach(awaiting);
    for (gather_child* child = first_; child != last_; ++child) child->task().throw_if_unawaitable_in(chain);
    for_each_running([this](gather_child& child) { child.listen(*this); });
    suspend(awaiting);
  }

  void hear_end_of(gather_child& child) noexcept {
    --running_;
    if (failed_ == nullptr && child.task().failed()) failed_ = &child;
    if (!is_over()) return;
    leave_running();
    attached()->loop().make_ready(*attached());
  }

 protected:
  gather_wait() noexcept = default;
  ~gather_wait() = default;

  /// Says what to wait for; called once, first.
  void watch(gather_child* first, std::size_t count) noexcept {
    first_ = first;
    last_ = first + count;
    for (gather_child* child = first_; child != last_; ++child) {
      if (!child->task().done()) ++running_;
      if (failed_ == nullptr && child->task().failed()) failed_ = child;
    }
  }

  /// The first child that failed, or null.
  [[nodiscard]] gather_child* failed() const noexcept { return failed_; }

  void throw_if_cancelled_and_none_failed() const {
    throw_if_cancelled();
    if (cancelled_ && failed_ == nullptr) throw cancelled_here();
  }

 private:
  [[nodiscard]] bool is_over() const noexcept { return running_ == 0 || (failed_ != nullptr && !cancelled_); }

  template <class Call>
  void for_each_running(Call call) noexcept {
    for (gather_child* child = first_; child != last_; ++child) {
      if (!child->task().done()) call(*child);
    }
  }
  void leave_running() noexcept {
    if (running_ != 0) for_each_running([](gather_child& child) { child.leave(); });
  }

  [[nodiscard]] bool passes_on() const noexcept override { return !is_over(); }
  void pass_on(coro::cancellation& made) noexcept override {
    cancelled_ = true;
    for_each_running([&made](gather_child& child) { made.visit(child.task()); });
  }
  [[nodiscard]] bool try_leave() noexcept override {
    if (is_over()) return false;
    leave_running();
    return true;
  }

  gather_child* first_ = nullptr;
  gather_child* last_ = nullptr;
  std::size_t running_ = 0;
  gather_child* failed_ = nullptr;
  bool cancelled_ = false;
};

inline void gather_child::tell(end_listener& self) noexcept {
  auto& child = static_cast<gather_child&>(self);
  child.waiting_->hear_end_of(child);
}

}  // namespace heddle::asyncio
