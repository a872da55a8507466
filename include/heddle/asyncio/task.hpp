// SPDX-License-Identifier: MIT
// task<T>: the type of a coroutine that runs in an event loop.
#pragma once

#include <coroutine>
#include <exception>
#include <type_traits>
#include <utility>

#include <heddle/asyncio/await_future.hpp>
#include <heddle/asyncio/cancellation_point.hpp>
#include <heddle/coro/promise_base.hpp>
#include <heddle/coro/result.hpp>
#include <heddle/coro/transfer.hpp>
#include <heddle/errors.hpp>
#include <heddle/future.hpp>

namespace heddle::asyncio {

template <class T>
class task;
template <class T>
class task_awaiter;
template <class T>
class task_state;
struct task_access;

template <class T>
inline constexpr bool is_task = false;
template <class T>
inline constexpr bool is_task<task<T>> = true;

template <class T>
inline constexpr bool is_future = false;
template <class T>
inline constexpr bool is_future<future<T>> = true;

template <class T>
class task_promise;

/// What a task can co_await besides a heddle::future: its awaiter takes the handle of a task and of no other coroutine,
/// so it knows the loop and goes on there.
template <class A>
concept awaitable = requires(A&& awaited, std::coroutine_handle<task_promise<void>> awaiting) {
  std::forward<A>(awaited).operator co_await().await_suspend(awaiting);
} && !requires(A&& awaited, std::coroutine_handle<> awaiting) {
  std::forward<A>(awaited).operator co_await().await_suspend(awaiting);
};

/// The promise of task<T>.
template <class T>
class task_promise final : public coro::promise_base, public coro::result_writer<T> {
 public:
  [[nodiscard]] task<T> get_return_object() noexcept;

  template <class A>
  auto await_transform(A&& awaited) {
    using Awaited = std::remove_cvref_t<A>;
    if constexpr (is_future<Awaited> && !std::is_const_v<std::remove_reference_t<A>>) {
      return future_awaiter<A&&>(std::forward<A>(awaited));
    } else if constexpr (awaitable<A>) {
      return std::forward<A>(awaited).operator co_await();
    } else if constexpr (is_task<Awaited>) {
      static_assert(!is_task<Awaited>,
                    "a task runs once and gives its result away, so it is moved into co_await: write `co_await "
                    "std::move(t)`; to await it several times, use the handle that asyncio::create_task() returns");
    } else {
      static_assert(awaitable<A>,
                    "an asyncio::task cannot co_await this, because it would not go on in its event loop: await a "
                    "task, a task_handle, a heddle::future, sleep() or gather(); give other results to a "
                    "heddle::promise and await its future");
    }
  }
};

/// A coroutine that runs in an event loop, once it is awaited or handed to run(), create_task() or gather(). Python:
/// a coroutine object.
///
/// Lazy: nothing runs before. Move-only; destroying a task that never ran destroys its arguments. `T` is an object
/// type, an lvalue reference or void. `co_await std::move(t)` gives the result or throws what the coroutine threw; the
/// task is empty afterwards, and awaiting an empty one throws invalid_state_error. Tasks that await tasks do so in the
/// same turn of the loop, and however often or deep, without growing the stack; but destroying tasks that own tasks, as
/// arguments of coroutines that never ran, recurses.
///
///     asyncio::task<int> twice(int x) { co_return 2 * x; }
///     asyncio::task<int> answer() { co_return co_await twice(20) + 2; }
///     int n = asyncio::run(answer());
///
/// A coroutine keeps its arguments, and nothing else: references must outlive it, and **so must a lambda whose call it
/// is, with all captures**. `[x]() -> asyncio::task<int> { co_return x; }()` refers to a lambda that is gone at the end
/// of the statement. Hand over the lambda itself, which is then kept: `run([x]() -> asyncio::task<int> { ... })`, the
/// same with create_task() and gather(); or pass what it needs as arguments.
template <class T>
class [[nodiscard]] task {
  static_assert(!std::is_rvalue_reference_v<T>, "task<T&&> would refer to what is gone: use task<T>");

 public:
  using promise_type = task_promise<T>;
  using value_type = T;
  using begins_when_awaited = void;  // see base::runs_when_called

  /// An empty task.
  task() noexcept = default;
  task(task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
  task& operator=(task&& other) noexcept {
    task(std::move(other)).swap(*this);
    return *this;
  }
  ~task() {
    if (coroutine_) coroutine_.destroy();
  }

  void swap(task& other) noexcept { std::swap(coroutine_, other.coroutine_); }

  /// True unless default-constructed or moved from, as after being awaited.
  [[nodiscard]] bool valid() const noexcept { return coroutine_ != nullptr; }

  auto operator co_await() && { return task_awaiter<T>(std::move(*this)); }

 private:
  friend class task_promise<T>;
  friend class task_awaiter<T>;
  friend class task_state<T>;
  friend struct task_access;

  explicit task(std::coroutine_handle<promise_type> coroutine) noexcept : coroutine_(coroutine) {}

  void throw_if_empty() const {
    if (valid()) return;
    throw invalid_state_error(
        "this task is empty: it was awaited or moved from before, and a task runs once; call the coroutine again, or "
        "share its result by asyncio::create_task()");
  }

  std::coroutine_handle<promise_type> coroutine_;
};

template <class T>
task<T> task_promise<T>::get_return_object() noexcept {
  return task<T>(std::coroutine_handle<task_promise>::from_promise(*this));
}

/// For a coroutine that has ended: one that ran off its end without co_return has no result, and an error takes its
/// place.
template <class T>
void replace_missing(coro::result<T>& ended) noexcept {
  if (!ended.empty()) return;
  try {
    throw invalid_state_error(
        "this coroutine ended without co_return, so it has no value: co_return one at the end of every path");
  } catch (...) {
    ended.set_error(std::current_exception());
  }
}

/// Runs a task in the chain of the one that awaits it, and keeps its result.
template <class T>
class task_awaiter {
 public:
  explicit task_awaiter(task<T>&& awaited) : awaited_(std::move(awaited)) { awaited_.throw_if_empty(); }

  [[nodiscard]] bool await_ready() const noexcept { return false; }

  template <loop_promise Promise>
  coro::transfer await_suspend(std::coroutine_handle<Promise> awaiting) noexcept {
    task_promise<T>& promise = awaited_.coroutine_.promise();
    promise.write_to(result_);
    promise.become_awaited_by(awaiting);
    return promise.its_chain().transfer_to(awaited_.coroutine_);
  }

  T await_resume() {
    replace_missing(result_);
    return result_.take();
  }

 private:
  coro::result<T> result_;
  task<T> awaited_;  // destroyed first: its frame may refer to the result
};

}  // namespace heddle::asyncio
