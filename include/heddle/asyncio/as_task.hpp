// SPDX-License-Identifier: MIT
// Makes a task of everything that create_task(), run() and gather() take.
#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

#include <heddle/asyncio/task.hpp>
#include <heddle/asyncio/task_handle.hpp>
#include <heddle/future.hpp>

namespace heddle::asyncio {

template <class T>
inline constexpr bool is_task_handle = false;
template <class T>
inline constexpr bool is_task_handle<task_handle<T>> = true;

/// A function object whose call without arguments is a coroutine.
template <class F>
concept task_function = std::invocable<std::decay_t<F>&> && is_task<std::invoke_result_t<std::decay_t<F>&>>;

/// What an awaitable gives.
template <class A>
using await_result_t = decltype(std::declval<A>().operator co_await().await_resume());

template <task_function F>
auto keep_and_call(F function) -> std::invoke_result_t<F&> {
  co_return co_await function();
}

template <class A>
auto keep_and_await(A kept) -> task<await_result_t<A>> {
  co_return co_await std::move(kept);
}

template <class T>
task<T> await_moved(future<T> moved) {
  co_return co_await std::move(moved);
}

template <class T>
task<T> await_copy(future<T>& awaited) {
  co_return co_await awaited;
}

template <class T>
task<T> await_copy_of_shared(task_handle<T> shared) {
  co_return co_await shared;
}

/// The task that awaits `given`: a task is that task itself, a function object is kept and called, a handle or future
/// gives its result, copied if it is an lvalue.
template <class A>
[[nodiscard]] auto as_task(A&& given) {
  using Given = std::remove_cvref_t<A>;
  constexpr bool is_moved = !std::is_lvalue_reference_v<A>;
  if constexpr (is_task<Given>) {
    static_assert(is_moved, "a task runs once, so it is handed over: write `std::move(t)`");
    return Given(std::forward<A>(given));
  } else if constexpr (task_function<A>) {
    return keep_and_call<std::decay_t<A>>(std::forward<A>(given));
  } else if constexpr (is_future<Given> && is_moved) {
    return await_moved(std::forward<A>(given));
  } else if constexpr (is_future<Given>) {
    return await_copy(given);
  } else if constexpr (is_task_handle<Given> && !is_moved) {
    return await_copy_of_shared(task_access::share(given));
  } else {
    static_assert(awaitable<Given>,
                  "asyncio needs something to await here, and this is not: give a task, a function object that "
                  "returns one, a task_handle, a heddle::future, sleep() or gather()");
    return keep_and_await<Given>(std::forward<A>(given));
  }
}

template <class A>
using as_task_t = decltype(as_task(std::declval<A>()));

}  // namespace heddle::asyncio
