// SPDX-License-Identifier: MIT
// Calls that may run at the same time: fork and join.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>

#include <heddle/base/invoke.hpp>
#include <heddle/base/runs_when_called.hpp>
#include <heddle/executor.hpp>
#include <heddle/priority.hpp>
#include <heddle/run_loop.hpp>
#include <heddle/scheduling/cost_hint.hpp>
#include <heddle/scheduling/fork_join.hpp>
#include <heddle/scheduling/guest.hpp>
#include <heddle/scheduling/join.hpp>
#include <heddle/sync/this_thread.hpp>
#include <heddle/thread_pool_executor.hpp>

namespace heddle {

/// Whether all of them can be called so that they run; says why not.
template <class... Calls>
consteval bool are_calls() {
  static_assert((std::is_invocable_v<Calls> && ...),
                "parallel_invoke() calls each of its arguments without arguments: wrap the call in a lambda");
  return (base::runs_when_called<std::invoke_result_t<Calls>> && ...);
}

/// Calls `calls[First]` to `calls[Last - 1]`, halved again and again, so that thieves get halves.
template <std::size_t First, std::size_t Last, class Calls>
void invoke_halves(scheduling::participant& here, const Calls& calls) {
  if constexpr (Last - First == 1) {
    static_cast<void>(std::get<First>(calls)());
  } else if constexpr (Last - First == 2) {
    scheduling::fork_join(here, std::get<First>(calls), std::get<First + 1>(calls));
  } else {
    constexpr std::size_t middle = First + (Last - First + 1) / 2;
    const auto left = [&] { invoke_halves<First, middle>(here, calls); };
    const auto right = [&] { invoke_halves<middle, Last>(*scheduling::participant::current::get(), calls); };
    scheduling::fork_join(here, left, right);
  }
}

/// All of `calls`, by a thread that takes part in the pool's work.
template <class... Calls>
[[gnu::always_inline]] inline void invoke_all(scheduling::participant& here, Calls&... calls) {
  if constexpr (sizeof...(Calls) == 2) {
    scheduling::fork_join(here, calls...);
  } else if constexpr (sizeof...(Calls) != 0) {
    invoke_halves<0, sizeof...(Calls)>(here, std::tuple<Calls&...>(calls...));
  }
}

/// The same, by an outside thread.
template <class... Calls>
[[gnu::noinline]] void invoke_as_guest(thread_pool_executor& pool, Calls&... calls) {
  scheduling::cost_hint& hint = scheduling::cost_hint_of<std::tuple<Calls&...>>;
  scheduling::crew& host = thread_pool_access::crew_of(pool);
  const sync::blocking_allowed in_calls;
  const scheduling::guest_scope guest(host);
  if (guest.get() == nullptr) {
    (static_cast<void>(calls()), ...);
    return;
  }
  // The first fork wakes somebody, if this is known to take long, or not known to be short; or gives to who is awake.
  const auto predicted = hint.predict(1);
  const bool worth_a_call = !hint.is_known() || predicted >= scheduling::worth_waking();
  const bool worth = worth_a_call || (predicted >= scheduling::worth_giving && host.somebody_holds_out_hand());
  if (worth) {
    guest.get()->stack.beg(worth_a_call ? queue::beggars::all : queue::beggars::awake);
  } else {
    guest.get()->stack.forget(queue::beggars::all);
  }
  {
    const scheduling::cost_hint::measurement measured(hint);
    invoke_all(*guest.get(), calls...);
  }
  if (!worth) scheduling::note_unshared(*guest.get(), std::chrono::duration_cast<std::chrono::nanoseconds>(predicted));
}

/// The same on the pool of the caller, whoever that is.
template <class... Calls>
[[gnu::always_inline]] inline void invoke_on_current(Calls&... calls) {
  scheduling::participant* const here = scheduling::participant::current::get();
  if (here != nullptr) [[likely]] {
    invoke_all(*here, calls...);
  } else {
    invoke_as_guest(default_executor(), calls...);
  }
}

/// The same on that pool.
template <class... Calls>
[[gnu::always_inline]] inline void invoke_on(thread_pool_executor& pool, Calls&... calls) {
  scheduling::participant* const here = scheduling::participant::current::get();
  if (here != nullptr && &here->home == &thread_pool_access::crew_of(pool)) [[likely]] {
    invoke_all(*here, calls...);
  } else {
    invoke_as_guest(pool, calls...);
  }
}

#ifdef __clang__
// Two calls, not inline: Clang saves the registers that a fork needs where the function begins that it is a part of,
// also if that returns without a fork, as the leaves of a recursion do. That takes longer than this call. Aligned,
// because fib takes a quarter longer where it lies badly.

template <class First, class Second>
[[gnu::noinline, gnu::aligned(64)]] void invoke_two_on_current(First& first, Second& second) {
  invoke_on_current(first, second);
}

template <class First, class Second>
[[gnu::noinline, gnu::aligned(64)]] void invoke_two_on(thread_pool_executor& pool, First& first, Second& second) {
  invoke_on(pool, first, second);
}
#endif

/// Calls all of `calls`, at the same time if there are workers for it, and returns when all have ended. The caller runs
/// the first one itself, and whatever nobody else has begun when it gets there. They may run one after the other: none
/// may need another one to have begun.
///
/// If calls throw, the exception of the first of them by position is rethrown; calls behind one that threw may not be
/// called. Without an executor it runs on the pool whose worker or guest is calling, else on default_executor(). An
/// outside thread is a guest of the pool meanwhile, and stands in for one of its workers. Where nobody looks for work a
/// fork and its join take a few nanoseconds; nothing is allocated.
///
///     heddle::parallel_invoke([&] { sort(left); }, [&] { sort(right); });
template <class... Calls>
[[gnu::always_inline]] inline void parallel_invoke(thread_pool_executor& pool, Calls&&... calls) {
  static_assert(are_calls<Calls&...>());
#ifdef __clang__
  if constexpr (sizeof...(Calls) == 2) return invoke_two_on(pool, calls...);
#endif
  invoke_on(pool, calls...);
}

template <class... Calls>
  requires(!executor<std::remove_cvref_t<Calls>> && ...)
[[gnu::always_inline]] inline void parallel_invoke(Calls&&... calls) {
  static_assert(are_calls<Calls&...>());
#ifdef __clang__
  if constexpr (sizeof...(Calls) == 2) return invoke_two_on_current(calls...);
#endif
  invoke_on_current(calls...);
}

/// The same by any executor, as a loop over the calls.
template <class E, class... Calls>
void invoke_by_loop(E& on, Calls&... calls) {
  const auto call = [&](std::uint64_t wanted) {
    std::uint64_t index = 0;
    static_cast<void>(((index++ == wanted && (static_cast<void>(calls()), true)) || ...));
  };
  run_loop(on, sizeof...(Calls), [&call](std::uint64_t, std::uint64_t end, std::uint64_t& at) {
    for (; at != end; ++at) call(at);
  });
}

/// The same on an executor of any kind: the caller takes one call after the other, and so do up to max_workers() - 1
/// calls that it submits. For what takes longer than that.
template <executor E, class... Calls>
void parallel_invoke(E&& on, Calls&&... calls) {
  static_assert(are_calls<Calls&...>());
  invoke_by_loop(on, calls...);
}

/// The same at a priority, which is that of those who help.
template <class... Calls>
void parallel_invoke(prioritized<thread_pool_executor> on, Calls&&... calls) {
  static_assert(are_calls<Calls&...>());
  on.level() == priority::normal ? parallel_invoke(on.pool(), calls...) : invoke_by_loop(on, calls...);
}

}  // namespace heddle
