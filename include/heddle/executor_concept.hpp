// SPDX-License-Identifier: MIT
// What an executor is.
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>

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

}  // namespace heddle
