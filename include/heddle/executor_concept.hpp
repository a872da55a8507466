// SPDX-License-Identifier: MIT
// What an executor is.
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>

#include <heddle/completion/task.hpp>
#include <heddle/future.hpp>

namespace heddle {

/// Something that runs calls: `submit(f)` gives the future of f's result, `post(f)` gives nothing, `max_workers()` says
/// how many calls run at a time. Every function of heddle that runs your code takes one as an optional first argument.
///
/// For executors of your own: a call whose future was cancelled must not run. One that completes a heddle::promise asks
/// `set_running_or_notify_cancel()` before it runs the call.
template <class E>
concept executor = requires(std::remove_reference_t<E>& pool, void (*call)()) {
  { pool.submit(call) } -> std::same_as<future<void>>;
  pool.post(call);
  { pool.max_workers() } -> std::convertible_to<std::size_t>;
};

/// What shutdown() does with calls that have not begun.
enum class pending_jobs { finish, cancel };

/// Whether shutdown() returns when the workers have ended, or at once.
enum class join_workers { yes, no };

/// What submit() does where the callable does not fit copies of its arguments: says what to do, and nothing else, since
/// it returns what would have been right.
template <class F, class... Args>
auto refuse_copies() {
  static_assert(!completion::needs_ref<F, Args...>,
                "the call gets a copy of each argument, moved in, and this callable takes one by reference to "
                "non-const: pass std::ref(x) for an x that it is to change and that outlives the call, or take it by "
                "value");
  return future<completion::task_result_t<completion::call_result_t<std::decay_t<F>, Args...>>>();
}

}  // namespace heddle
