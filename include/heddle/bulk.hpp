// SPDX-License-Identifier: MIT
// A call for each element of some ranges taken together: what map(), submit_bulk() and post_bulk() have in common.
#pragma once

#include <concepts>
#include <cstddef>
#include <iterator>
#include <tuple>
#include <type_traits>
#include <utility>

#include <heddle/base/shared_value.hpp>
#include <heddle/completion/task.hpp>

namespace heddle {

/// What map() can take values from: anything with begin() and end(), infinite ranges too if another one is finite.
template <class R>
concept mappable_range = requires(R& range) {
  std::begin(range);
  std::begin(range) != std::end(range);
  *std::begin(range);
};

template <class R>
using iterator_of = decltype(std::begin(std::declval<R&>()));
template <class R>
using sentinel_of = decltype(std::end(std::declval<R&>()));

/// What a task gets of an element: a copy (a move where the iterator yields rvalues), since the task outlives the call.
template <class R>
using element_of = std::iter_value_t<iterator_of<R>>;

template <class F, class... Rs>
using map_result_t = completion::task_result_t<std::invoke_result_t<const F&, element_of<Rs>...>>;

/// Whether calls of F can be made of the elements of Rs; says why not.
template <class F, class... Rs>
consteval bool is_mappable() {
  static_assert(sizeof...(Rs) > 0,
                "map(), submit_bulk() and post_bulk() make a call for each element, and each needs a range to take "
                "values from: map(f, xs...)");
  constexpr bool takes_ranges = (mappable_range<Rs> && ...);
  static_assert(takes_ranges || !mappable_range<F>,
                "map() takes the callable first and then the ranges, and here a range comes first: map(f, xs...)");
  static_assert(takes_ranges || mappable_range<F>,
                "map() takes values from ranges, and one of these arguments is none: let the callable capture what is "
                "the same for all calls, map([y](auto x) { return f(x, y); }, xs)");
  if constexpr (takes_ranges) {
    static_assert(
        std::is_invocable_v<const std::decay_t<F>&, element_of<Rs>...>,
        "map(), submit_bulk() and post_bulk() call one callable from many threads, as const, with one element "
        "of each range as arguments: take as many parameters as there are ranges, and remove `mutable`; to "
        "collect something, return it");
    static_assert(
        (std::is_constructible_v<element_of<Rs>, decltype(*std::begin(std::declval<Rs&>()))> && ...),
        "map(), submit_bulk() and post_bulk() copy the elements into their tasks, and these cannot be copied: "
        "move them in by a range of rvalues (std::move_iterator), or map over pointers or indices");
  }
  return true;
}

/// Calls `visit(x, y, ...)` for the elements of `ranges` taken together, up to the end of the shortest.
template <class Visit, class... Rs>
void for_each_together(const Visit& visit, Rs&... ranges) {
  [&](auto... at) {
    for (; ((at.first != at.second) && ...); (static_cast<void>(++at.first), ...)) visit(*at.first...);
  }(std::pair(std::begin(ranges), std::end(ranges))...);
}

/// Calls `take(call)` for the elements of `ranges` taken together; `call()` is then `callable` of these, which it owns.
template <class F, class Take, class... Rs>
void make_calls(const base::shared_value<const F>& callable, const Take& take, Rs&... ranges) {
  for_each_together(
      [&](auto&&... each) {
        take([callable, elements = std::tuple<element_of<Rs>...>(std::forward<decltype(each)>(each)...)]() mutable
                 -> map_result_t<F, Rs...> { return std::apply(*callable, std::move(elements)); });
      },
      ranges...);
}

/// Whether R says at compile time that it has no end, as std::views::iota(0) does.
template <class R>
inline constexpr bool is_endless = std::is_same_v<sentinel_of<R>, std::unreachable_sentinel_t>;

template <class R>
inline constexpr bool knows_its_size = std::sized_sentinel_for<sentinel_of<R>, iterator_of<R>>;

/// Whether the number of calls is known before they are made.
template <class... Rs>
inline constexpr bool calls_are_counted = ((knows_its_size<Rs> || is_endless<Rs>) && ...) && !(is_endless<Rs> && ...);

/// How many elements are between an iterator and its sentinel; more than any other number where there is no end.
template <class Iterator, class Sentinel>
[[nodiscard]] std::size_t distance_of(const Iterator& at, const Sentinel& end) {
  if constexpr (std::is_same_v<Sentinel, std::unreachable_sentinel_t>) {
    return static_cast<std::size_t>(-1);
  } else {
    return static_cast<std::size_t>(end - at);
  }
}

/// How many calls that will be, if that is known; else 0.
template <class... Rs>
[[nodiscard]] std::size_t known_number_of_calls(Rs&... ranges) {
  if constexpr (calls_are_counted<Rs...>) {
    std::size_t least = static_cast<std::size_t>(-1);
    const auto note = [&least](std::size_t size) { least = size < least ? size : least; };
    (note(distance_of(std::begin(ranges), std::end(ranges))), ...);
    return least;
  } else {
    return 0;
  }
}

/// Whether an executor takes many calls at once.
template <class E, class F, class... Rs>
concept bulk_executor_for =
    requires(E& on, F&& callable, Rs&... ranges) { on.submit_bulk(std::forward<F>(callable), ranges...); };

}  // namespace heddle
