// SPDX-License-Identifier: MIT
// task_handle<T>: holds on to a task that runs by itself in the event loop.
#pragma once

#include <coroutine>
#include <exception>
#include <type_traits>
#include <utility>

#include <heddle/asyncio/cancellation_point.hpp>
#include <heddle/asyncio/task_state.hpp>
#include <heddle/coro/cancellation.hpp>
#include <heddle/errors.hpp>

namespace heddle::asyncio {

template <class T, class Result>
class handle_awaiter;

/// What create_task() returns. Python: asyncio.Task.
///
/// Move-only; for the thread of the loop only, until run() has returned. Dropping it lets the task run on; an exception
/// that nobody has taken from it by then is reported on the standard error stream. Every member but valid() throws
/// invalid_state_error on an empty handle.
///
///     auto a = asyncio::create_task(fetch(1));   // both run from the next turn on
///     auto b = asyncio::create_task(fetch(2));
///     use(co_await a, co_await b);
///
/// `co_await handle` gives a reference to the result, any number of times, from any number of tasks of the loop;
/// `co_await std::move(handle)` moves it out. A task that ended by cancellation throws cancelled_error there. If the
/// awaiting task is cancelled, so is the awaited one, and the awaiting one goes on when that has ended.
template <class T>
class [[nodiscard]] task_handle {
 public:
  using value_type = T;

  task_handle() noexcept = default;
  task_handle(task_handle&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  task_handle& operator=(task_handle&& other) noexcept {
    task_handle(std::move(other)).swap(*this);
    return *this;
  }
  ~task_handle() {
    if (state_ != nullptr) state_->release();
  }

  void swap(task_handle& other) noexcept { std::swap(state_, other.state_); }

  /// True unless default-constructed or moved from.
  [[nodiscard]] bool valid() const noexcept { return state_ != nullptr; }

  /// True once the task has returned, thrown or was cancelled.
  [[nodiscard]] bool done() const { return state().done(); }

  /// True once the task has ended by a cancelled_error.
  [[nodiscard]] bool cancelled() const { return state().cancelled(); }

  /// Asks the task to end: it throws cancelled_error at the co_await where it is suspended, or at its next one; before
  /// its first turn, it does not begin at all. A request: the task may catch the exception and go on, and does so by
  /// mistake where it catches std::exception and does not rethrow. False if the task has ended already.
  bool cancel() { return state().cancel(); }

  /// The result of a task that is done. Rethrows what it threw; throws cancelled_error if it was cancelled, and
  /// invalid_state_error if it is not done.
  std::add_lvalue_reference_t<T> result() & { return ended().get(); }

  /// Moves the result out. Otherwise as above.
  T result() && { return ended().take(); }

  /// What the task threw, or null if it returned. Throws as result() does, except for that exception.
  [[nodiscard]] std::exception_ptr exception() const {
    const std::exception_ptr error = ended().error();
    if (cancelled()) std::rethrow_exception(error);
    return error;
  }

  auto operator co_await() & { return handle_awaiter<T, std::add_lvalue_reference_t<T>>(share()); }
  auto operator co_await() && {
    static_cast<void>(state());
    return handle_awaiter<T, T>(std::move(*this));
  }

 private:
  template <class U, class Result>
  friend class handle_awaiter;
  friend struct task_access;

  explicit task_handle(task_state<T>* state) noexcept : state_(state) {}

  [[nodiscard]] task_state<T>& state() const {
    if (state_ == nullptr) {
      throw invalid_state_error(
          "this task_handle is empty: it was default-constructed or moved from; keep what create_task() returned");
    }
    return *state_;
  }

  [[nodiscard]] coro::result<T>& ended() const {
    if (!done()) {
      throw invalid_state_error(
          "the task is not done, so it has no result yet: co_await the handle, or look at done() first");
    }
    return state_->result();
  }

  [[nodiscard]] task_handle share() const {
    state().share();
    return task_handle(state_);
  }

  task_state<T>* state_ = nullptr;
};

/// For the parts of asyncio that start tasks or wait for them in ways of their own.
struct task_access {
  /// Starts `root` at the loop's next turn.
  template <class T>
  [[nodiscard]] static task_handle<T> start(coro::event_loop& loop, task<T>&& root) {
    root.throw_if_empty();
    return task_handle<T>(new task_state<T>(loop, std::move(root)));
  }
  /// A second handle of the same task.
  template <class T>
  [[nodiscard]] static task_handle<T> share(const task_handle<T>& shared) {
    return shared.share();
  }
  /// The state, together with the handle's share of it.
  template <class T>
  [[nodiscard]] static task_state<T>& release(task_handle<T>&& released) {
    task_state<T>& state = released.state();
    released.state_ = nullptr;
    return state;
  }
};

template <class T, class Result>
class handle_awaiter final : public cancellation_point, end_listener {
 public:
  explicit handle_awaiter(task_handle<T> awaited) noexcept : end_listener(&wake), awaited_(std::move(awaited)) {}

  [[nodiscard]] bool await_ready() const noexcept { return awaited_.state_->done(); }

  template <loop_promise Promise>
  void await_suspend(std::coroutine_handle<Promise> awaiting) {
    awaited_.state_->throw_if_unawaitable_in(attach(awaiting));
    awaited_.state_->add(*this);
    suspend(awaiting);
  }

  Result await_resume() {
    throw_if_cancelled();
    if constexpr (std::is_same_v<Result, T>) {
      return awaited_.state_->result().take();
    } else {
      return awaited_.state_->result().get();
    }
  }

 private:
  static void wake(end_listener& self) noexcept {
    coro::chain& awaiting = *static_cast<handle_awaiter&>(self).attached();
    awaiting.loop().make_ready(awaiting);
  }

  [[nodiscard]] bool passes_on() const noexcept override { return !awaited_.state_->done(); }
  void pass_on(coro::cancellation& made) noexcept override { made.visit(*awaited_.state_); }
  [[nodiscard]] bool try_leave() noexcept override {
    if (awaited_.state_->done()) return false;
    awaited_.state_->remove(*this);
    return true;
  }

  task_handle<T> awaited_;
};

}  // namespace heddle::asyncio
