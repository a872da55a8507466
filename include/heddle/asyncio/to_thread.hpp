// SPDX-License-Identifier: MIT
// to_thread(): calls that block, run on a pool, while the event loop goes on.
#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

#include <heddle/asyncio/task.hpp>
#include <heddle/base/runs_when_called.hpp>
#include <heddle/executor.hpp>
#include <heddle/future.hpp>
#include <heddle/thread_pool_executor.hpp>

namespace heddle::asyncio {

/// Cancels what has not begun when nobody waits for it any more.
template <class T>
class cancelled_when_left {
 public:
  explicit cancelled_when_left(future<T> its_job) noexcept : job(std::move(its_job)) {}
  cancelled_when_left(const cancelled_when_left&) = delete;
  cancelled_when_left& operator=(const cancelled_when_left&) = delete;
  ~cancelled_when_left() {
    if (job.valid()) job.cancel();
  }

  future<T> job;
};

/// An executor until a coroutine needs it: a reference to one that has a name, else the executor itself.
template <class E>
struct kept_executor {
  E on;
};

template <executor E, class F, class... Args>
auto submit_and_await(kept_executor<E> kept, F callable, Args... args)
    -> task<typename decltype(kept.on.submit(std::move(callable), std::move(args)...))::value_type> {
  cancelled_when_left waited(kept.on.submit(std::move(callable), std::move(args)...));
  co_return co_await std::move(waited.job);
}

/// Runs `callable(args...)` on `on`, when awaited, and gives its result. `on` must live until then; a temporary one is
/// kept inside, such as `pool.with(heddle::priority::background)`.
///
/// The callable and the arguments are moved or copied in, as by submit(). If the awaiting task is cancelled, so is the
/// call, if it has not begun; one that has begun runs on, and its result is dropped.
///
/// A loop that runs in a worker of `on` itself runs the call, if it is still queued when the loop has nothing else to
/// do: perhaps no other worker is free. Meanwhile the loop stands still.
///
///     std::string text = co_await asyncio::to_thread(pool, read_file, path);
template <executor E, class F, class... Args>
[[nodiscard]] auto to_thread(E&& on, F&& callable, Args&&... args) {
  static_assert(std::is_lvalue_reference_v<E> || std::is_move_constructible_v<E>,
                "to_thread() submits its call when it is awaited, and this executor ends with the expression and "
                "cannot be moved: give it a name, in a scope that lasts until then");
  static_assert(std::invocable<std::decay_t<F>, std::decay_t<Args>...>,
                "to_thread() calls its callable with copies of the arguments, and these do not fit: pass what the "
                "callable takes, and std::ref for what it takes by reference");
  static_assert(!base::begins_when_awaited<std::invoke_result_t<std::decay_t<F>, std::decay_t<Args>...>>,
                "a coroutine does not need a thread: co_await it; to run it on one, give "
                "[] { return asyncio::run(g()); }");
  return submit_and_await<E, std::decay_t<F>, std::decay_t<Args>...>({std::forward<E>(on)}, std::forward<F>(callable),
                                                                     std::forward<Args>(args)...);
}

/// As above, on heddle::default_executor(). Python: asyncio.to_thread.
template <class F, class... Args>
  requires(!executor<std::remove_cvref_t<F>>)
[[nodiscard]] auto to_thread(F&& callable, Args&&... args) {
  return to_thread(default_executor(), std::forward<F>(callable), std::forward<Args>(args)...);
}

}  // namespace heddle::asyncio
