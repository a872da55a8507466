// SPDX-License-Identifier: MIT
// with_timeout(): a call has so much time, and is asked to stop when that is over.
#pragma once

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include <heddle/errors.hpp>
#include <heddle/future.hpp>
#include <heddle/joined_futures.hpp>
#include <heddle/shared_future.hpp>
#include <heddle/sync/timeout.hpp>
#include <heddle/thread_pool_executor.hpp>

namespace heddle {

/// Of a future and of a time: the future decides, unless the time comes first. A time that never comes, since its pool
/// has ended, decides nothing.
struct timeout_rule {
  template <class Futures>
  using result_type = typename std::tuple_element_t<0, Futures>::value_type;
  static constexpr bool passes_failures = true;
  static constexpr bool ends_early(std::size_t index, completion::phase ended) noexcept {
    return index == 0 || ended == completion::phase::value;
  }

  template <class Futures>
  static result_type<Futures> result(Futures& futures, std::size_t index) {
    if (index != 0) throw task_timeout();
    auto& awaited = std::get<0>(futures);
    if constexpr (std::is_copy_constructible_v<std::tuple_element_t<0, Futures>>) {
      return awaited.result();
    } else {
      return std::move(awaited).result();
    }
  }
};

/// The future of what `awaited` gives within `timeout`, which begins now. When the time is over `awaited` is asked to
/// stop (future::request_stop): a call that has not begun is cancelled, one that runs may ask its stop_token, and in a
/// worker process it is killed. Then this ends with task_timeout, and waits for nobody. Cancelling it asks `awaited` to
/// stop, too. Never blocks.
///
/// Takes a future of any executor over, or a shared_future, whose value is copied. `timers` is the pool that keeps the
/// time, in a thread for that alone, so that no call is in the way. What a limit sets off runs there too, and makes
/// others late if it takes long: callbacks and continuations without an executor, stop callbacks, destructors of what
/// a cancelled call has captured. A limit holds until the pool has ended its last call; it keeps no pool from ending.
/// Throws invalid_state_error for a future without a state, and otherwise as submit_after(); then it leaves the future
/// alone.
///
///     heddle::future<page> page = heddle::with_timeout(pool, pool.submit(load, address), 5s);
///
/// Python: asyncio.wait_for(), which waits until the call has stopped.
template <class Future>
  requires is_future<std::remove_cvref_t<Future>>
[[nodiscard]] auto with_timeout(thread_pool_executor& timers, Future&& awaited, sync::timeout timeout) {
  using F = std::remove_cvref_t<Future>;
  constexpr bool is_shared = std::is_copy_constructible_v<F>;
  constexpr bool is_given = is_shared || !(std::is_lvalue_reference_v<Future> || std::is_const_v<Future>);
  constexpr bool is_copied = !is_shared ||
                             std::is_constructible_v<typename F::value_type, decltype(awaited.result())> ||
                             std::is_void_v<typename F::value_type>;
  static_assert(is_given, "with_timeout() takes the future over: write std::move(f), or share() it");
  static_assert(is_copied, "with_timeout() copies the value of a shared_future, and this one cannot be copied");
  if constexpr (is_given && is_copied) {
    static_cast<void>(future_access::state_of(awaited));
    std::tuple<F, future<void>> both(F(), thread_pool_access::time_of(timers, timeout.deadline()));
    std::get<0>(both) = std::forward<Future>(awaited);
    try {
      return join_futures<timeout_rule>(std::move(both));
    } catch (...) {
      std::get<1>(both).cancel();
      if constexpr (!is_shared) awaited = std::move(std::get<0>(both));
      throw;
    }
  }
}

/// The same, with the pool whose worker calls, or default_executor().
template <class Future>
  requires is_future<std::remove_cvref_t<Future>>
[[nodiscard]] auto with_timeout(Future&& awaited, sync::timeout timeout) {
  return with_timeout(current_executor(), std::forward<Future>(awaited), timeout);
}

}  // namespace heddle
