// SPDX-License-Identifier: MIT
// Loops whose iterations run at the same time: over numbers, and over the elements of a range.
#pragma once

#include <concepts>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include <heddle/base/counting_integer.hpp>
#include <heddle/base/held_close.hpp>
#include <heddle/base/indexed_range.hpp>
#include <heddle/base/invoke.hpp>
#include <heddle/base/runs_when_called.hpp>
#include <heddle/executor.hpp>
#include <heddle/run_loop.hpp>
#include <heddle/thread_pool_executor.hpp>

namespace heddle {

/// What parallel_for() counts with: any integer type but bool and the character types.
template <class T>
concept loop_index = base::counting_integer<T>;

/// Whether these are what parallel_for() takes behind the executor.
template <class... Args>
inline constexpr bool is_counted_loop = false;
template <class First, class Last, class Body>
inline constexpr bool is_counted_loop<First, Last, Body> =
    loop_index<std::decay_t<First>> && loop_index<std::decay_t<Last>>;
template <class First, class Last, class Body, class Options>
inline constexpr bool is_counted_loop<First, Last, Body, Options> =
    is_counted_loop<First, Last, Body> && std::is_convertible_v<Options, loop_options>;

/// Whether they are what parallel_for_each() takes there.
template <class... Args>
inline constexpr bool is_element_loop = false;
template <class R, class Body>
inline constexpr bool is_element_loop<R, Body> = std::ranges::input_range<R> && !executor<R>;
template <class R, class Body, class Options>
inline constexpr bool is_element_loop<R, Body, Options> =
    is_element_loop<R, Body> && std::is_convertible_v<Options, loop_options>;

/// Calls `run(size, loop)` for the loop over [first, last), whose bodies begin at 0.
template <loop_index First, loop_index Last, class Body, class Run>
void count_loop(First first, Last last, const Body& body, Run run) {
  using Index = std::common_type_t<First, Last>;
  constexpr bool by_item = std::is_invocable_v<const Body&, Index>;
  static_assert(by_item || std::is_invocable_v<const Body&, Index, Index>,
                "parallel_for() calls one body from many threads, as const, with an index or with the two ends of an "
                "interval: take one or two integers, and remove `mutable`");
  if (std::cmp_greater(first, last) || !std::in_range<Index>(first)) {
    throw std::invalid_argument("parallel_for() counts from first up to last: first is " + std::to_string(first) +
                                " and last is " + std::to_string(last) + "; swap them" +
                                (std::is_same_v<First, Last> ? "" : ", or give both the same type"));
  }
  const auto origin = static_cast<std::uint64_t>(first);
  run(static_cast<std::uint64_t>(last) - origin,
      [&body, origin](std::uint64_t begin, std::uint64_t end, std::uint64_t& at) {
        const auto index = [origin](std::uint64_t offset) { return static_cast<Index>(origin + offset); };
        if constexpr (by_item) {
          static_assert(base::runs_when_called<std::invoke_result_t<const Body&, Index>>);
          base::held_close<const Body> call = body;
          for (; at != end; ++at) static_cast<void>(call(index(at)));
        } else {
          static_assert(base::runs_when_called<std::invoke_result_t<const Body&, Index, Index>>);
          static_cast<void>(body(index(begin), index(end)));
        }
      });
}

/// Calls `run(size, loop)` for the loop over the elements of a range.
template <class R, class Body, class Run>
void each_loop(R&& range, const Body& body, Run run) {
  base::indexed_range<R> elements(range);
  static_assert(
      std::is_invocable_v<const Body&, decltype(elements[0])>,
      "parallel_for_each() calls one body from many threads, as const, with one element of the range: take one "
      "parameter of the element's type, and remove `mutable`");
  static_assert(base::runs_when_called<std::invoke_result_t<const Body&, decltype(elements[0])>>);
  run(elements.size(), [&](std::uint64_t, std::uint64_t end, std::uint64_t& at) {
    base::held_close<const Body> call = body;
    base::held_close<base::indexed_range<R>> xs = elements;
    for (; at != end; ++at) static_cast<void>(base::invoke(call, xs[at]));
  });
}

/// Calls `body(i)` for every i in [first, last), or `body(i, j)` for intervals [i, j) that together are [first, last),
/// and returns when all is done. The caller works too, and max_workers() - 1 workers help it.
///
/// Iterations run in any order and at the same time: `body` is called as const. Of up to 64 plain bytes it may be
/// copied for that, as the type that it is passed as: what it counts in itself is lost then, and what is derived from
/// that type is cut off; pass such a body by std::ref(). If an iteration throws, those after it are not begun, and the
/// exception that a sequential loop would have met first is rethrown when all that began has ended. Throws
/// std::invalid_argument if first > last. Without an executor it runs on current_executor(). On an executor that was
/// shut down the caller runs the loop alone.
///
///     heddle::parallel_for(0, image.height(), [&](int y) { render(image.row(y)); });
template <executor E, loop_index First, loop_index Last, class Body>
void parallel_for(E&& on, First first, Last last, const Body& body) {
  count_loop(first, last, body, [&on](std::uint64_t size, auto loop) { run_loop(on, size, loop); });
}

/// The same in chunks, see loop_options: intervals are as long as a chunk.
///
///     heddle::parallel_for(0, n, [&](int i, int j) { solve(tile(i, j)); }, {.chunksize = 64});
template <executor E, loop_index First, loop_index Last, class Body>
void parallel_for(E&& on, First first, Last last, const Body& body, const loop_options& options) {
  count_loop(first, last, body, [&](std::uint64_t size, auto loop) { run_loop(on, size, loop, options); });
}

template <loop_index First, loop_index Last, class Body>
void parallel_for(First first, Last last, const Body& body) {
  parallel_for(current_executor(), first, last, body);
}

template <loop_index First, loop_index Last, class Body>
void parallel_for(First first, Last last, const Body& body, const loop_options& options) {
  parallel_for(current_executor(), first, last, body, options);
}

/// For anything else: says what it takes.
template <class First, class... Rest>
  requires(!is_counted_loop<First, Rest...> && !(executor<First> && is_counted_loop<Rest...>))
void parallel_for(First&&, Rest&&...) {
  static_assert(is_counted_loop<First, Rest...>,
                "parallel_for() takes the executor, if it is given one, then where to begin and where to end, which "
                "are integers, and then what to call: parallel_for(pool, 0, n, body); for the elements of a range, "
                "parallel_for_each(pool, xs, body)");
}

/// Calls `body(element)` for every element of `range`, as parallel_for() does for numbers. Ranges that are not random
/// access are walked once first, by the caller. Do not write to the elements of a vector<bool>: they share bytes.
///
///     heddle::parallel_for_each(files, [](const std::string& name) { compress(name); });
template <executor E, std::ranges::input_range R, class Body>
  requires(!remote_executor<E>)
void parallel_for_each(E&& on, R&& range, const Body& body) {
  each_loop(std::forward<R>(range), body, [&on](std::uint64_t size, auto loop) { run_loop(on, size, loop); });
}

/// The same in chunks, see loop_options.
template <executor E, std::ranges::input_range R, class Body>
  requires(!remote_executor<E>)
void parallel_for_each(E&& on, R&& range, const Body& body, const loop_options& options) {
  each_loop(std::forward<R>(range), body, [&](std::uint64_t size, auto loop) { run_loop(on, size, loop, options); });
}

template <std::ranges::input_range R, class Body>
  requires(!executor<R>)
void parallel_for_each(R&& range, const Body& body) {
  parallel_for_each(current_executor(), std::forward<R>(range), body);
}

template <std::ranges::input_range R, class Body>
  requires(!executor<R>)
void parallel_for_each(R&& range, const Body& body, const loop_options& options) {
  parallel_for_each(current_executor(), std::forward<R>(range), body, options);
}

/// For anything else: says what it takes.
template <class First, class... Rest>
  requires(!is_element_loop<First, Rest...> && !(executor<First> && is_element_loop<Rest...>))
void parallel_for_each(First&&, Rest&&...) {
  static_assert(is_element_loop<First, Rest...>,
                "parallel_for_each() takes the executor, if it is given one, then a range, and then what to call with "
                "each of its elements: parallel_for_each(pool, xs, body); to count, parallel_for(pool, 0, n, body)");
}

}  // namespace heddle
