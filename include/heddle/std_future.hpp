// SPDX-License-Identifier: MIT
// Futures of heddle from those of the standard library, and the other way.
#pragma once

#include <chrono>
#include <exception>
#include <future>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <heddle/blocking.hpp>
#include <heddle/completion/callback.hpp>
#include <heddle/executor.hpp>
#include <heddle/future.hpp>
#include <heddle/inline_executor.hpp>
#include <heddle/thread_pool_executor.hpp>

namespace heddle {

/// Moves the result of a future that is done into a promise of the standard library.
template <class T>
void hand_over(future<T>& done, std::promise<T>& to) {
  try {
    if constexpr (std::is_void_v<T>) {
      done.result();
      to.set_value();
    } else {
      to.set_value(std::move(done).result());
    }
  } catch (...) {
    to.set_exception(std::current_exception());
  }
}

/// The same result as a std::future, for code that takes one. It is ready when `from` is done, in the thread that
/// completes it; nobody waits for that. What the call threw is in it, and cancelled_error if it was cancelled.
///
/// Destroying the std::future does not block. It cannot be cancelled, and waiting for it runs nothing: a worker of the
/// pool that is to run the call should not, or in a heddle::blocking scope at least. Throws invalid_state_error if
/// `from` has no state.
///
///     std::future<int> answer = heddle::to_std(pool.submit([] { return 42; }));
template <class T>
[[nodiscard]] std::future<T> to_std(future<T>&& from) {
  static_assert(std::is_void_v<T> || std::is_reference_v<T> || std::is_move_constructible_v<T>,
                "a std::promise copies or moves its value, and this result can be neither: return a std::unique_ptr");
  auto& state = future_access::state_of(from);
  std::promise<T> promise;
  std::future<T> result = promise.get_future();
  auto hand_over_here = [from = std::move(from), promise = std::move(promise)]() mutable { hand_over(from, promise); };
  auto* const node = new completion::callback<decltype(hand_over_here)>(std::move(hand_over_here));
  if (!state.try_add(*node)) node->notify(*node);
  return result;
}

/// Whether the result is there, or there is a call to run for it, or somebody else is still making it.
template <class StdFuture>
[[nodiscard]] std::future_status status_of(const StdFuture& asked) {
  return asked.wait_for(std::chrono::seconds(0));
}

/// The future of `T` from a std::future or std::shared_future, by a call on `on` where somebody must wait.
template <class T, executor E, class StdFuture>
[[nodiscard]] future<T> wait_for_std(E& on, StdFuture from) {
  if (!from.valid()) {
    throw std::invalid_argument(
        "from_std() needs a future with a state: this one was default-constructed, moved from, or read by get()");
  }
  const bool is_ready = status_of(from) == std::future_status::ready;
  auto take = [from = std::move(from)]() mutable -> T {
    if (status_of(from) == std::future_status::timeout) {
      const blocking scope;
      from.wait();
    }
    return from.get();
  };
  if (is_ready) return inline_executor().submit(std::move(take));
  return on.submit(std::move(take));
}

/// The same result as a heddle::future, for callbacks, coroutines and loops.
///
/// A std::future tells nobody when it is ready, so a call on `on` waits for it, and a thread pool of more than one
/// worker has a stand-in run other calls meanwhile. One that is ready already is taken at once, and a deferred call (of
/// std::async) is run by `on`. Cancelling the result before that destroys the std::future, which may block if it is of
/// std::async. Throws std::invalid_argument if `from` has no state, and what submit() throws; the std::future is gone
/// then. Without an executor it uses current_executor().
///
///     heddle::future<int> answer = heddle::from_std(pool, std::move(from_elsewhere));
template <executor E, class T>
[[nodiscard]] future<T> from_std(E&& on, std::future<T> from) {
  return wait_for_std<T>(on, std::move(from));
}

/// The same for a result that others read too: it is copied.
template <executor E, class T>
[[nodiscard]] future<T> from_std(E&& on, std::shared_future<T> from) {
  return wait_for_std<T>(on, std::move(from));
}

template <class T>
[[nodiscard]] future<T> from_std(std::future<T> from) {
  return from_std(current_executor(), std::move(from));
}

template <class T>
[[nodiscard]] future<T> from_std(std::shared_future<T> from) {
  return from_std(current_executor(), std::move(from));
}

}  // namespace heddle
