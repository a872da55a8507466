// SPDX-License-Identifier: MIT
// parallel_reduce(): all elements of a range combined into one value, the same one on any number of threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <mutex>
#include <ranges>
#include <type_traits>
#include <utility>

#include <heddle/base/accumulator.hpp>
#include <heddle/base/array_elements.hpp>
#include <heddle/base/indexed_range.hpp>
#include <heddle/base/invoke.hpp>
#include <heddle/base/reduce_section.hpp>
#include <heddle/base/sectioning.hpp>
#include <heddle/base/standard_operation.hpp>
#include <heddle/executor.hpp>
#include <heddle/parallel_for.hpp>
#include <heddle/parallel_map.hpp>
#include <heddle/sync/this_thread.hpp>
#include <heddle/thread_pool_executor.hpp>

namespace heddle {

/// How parallel_reduce() combines the values of its chunks: from left to right, or as they come, which needs memory for
/// one value a thread instead of one a chunk, and an operation that is commutative too.
enum class reduce_order { left_to_right, unordered };

/// `chunksize`: how many elements one thread takes at a time. 0: chosen from their number. Set it, to 1 say, where more
/// than 65,536 elements take more than a microsecond each. Another chunksize may give other floating-point bits.
struct reduce_options {
  std::size_t chunksize = 0;
  reduce_order order = reduce_order::left_to_right;
};

/// What is known of the time that an element takes: little, as for the sum of an array of numbers, or nothing.
enum class element_cost { small, unknown };

/// Where a reduction of `size` elements is cut, which depends on nothing else: so the result does not either.
class reduce_chunks : public base::chunking {
 public:
  constexpr reduce_chunks(std::uint64_t size, element_cost cost, std::uint64_t chunksize) noexcept
      : chunking(size, chunksize != 0 ? chunksize : chosen_length(size, cost)) {}

 private:
  static constexpr std::uint64_t shortest = 4096;
  static constexpr std::uint64_t longest = 65536;

  static constexpr std::uint64_t chosen_length(std::uint64_t size, element_cost cost) noexcept {
    constexpr std::uint64_t chunks = 1024;  // enough for any number of threads to end at about the same time
    const std::uint64_t wanted = size / chunks;
    if (cost == element_cost::unknown && size <= longest) return wanted == 0 ? 1 : wanted;
    return wanted < shortest ? shortest : wanted > longest ? longest : wanted / 64 * 64;
  }
};

/// One value that several threads combine what they have into. Who brings a value and finds another one there takes
/// that away, and comes back with the two combined: the lock is held for a move, and never while `op` runs.
template <class T>
class unordered_total {
 public:
  template <class Op>
  void add(const Op& op, base::accumulator<T>& mine) {
    base::accumulator<T> other;
    for (;;) {
      {
        const std::lock_guard lock(mutex_);
        if (total_.is_empty()) return total_.begin(std::move(mine.value()));
        other.begin(std::move(total_.value()));
        total_.reset();
      }
      mine.apply(op, std::move(other.value()));
      other.reset();
    }
  }

  /// For the one who started the loop, when every other thread has left it.
  [[nodiscard]] T& value() noexcept { return total_.value(); }

 private:
  std::mutex mutex_;
  base::accumulator<T> total_;
};

/// Combines `init`, which it moves from, and `element(0)` to `element(size - 1)`: see parallel_reduce().
template <element_cost Cost, executor E, class T, class Op, class Element>
[[nodiscard]] T reduce_elements(E& on, std::uint64_t size, T& init, const Op& op, const Element& element,
                                const reduce_options& options) {
  static_assert(loop_stays_here<E>);
  if (size == 0) return std::move(init);
  const reduce_chunks chunks(size, Cost, options.chunksize);
  const auto reduce_chunk = [&](std::uint64_t index) { return base::reduce_section<T>(chunks[index], op, element); };
  base::accumulator<T> total;
  total.begin(std::move(init));
  if (chunks.count() == 1) {
    const sync::blocking_allowed in_body;
    total.apply(op, reduce_chunk(0));
  } else if (options.order == reduce_order::unordered) {
    unordered_total<T> together;
    run_loop(on, chunks.count(), [&](std::uint64_t, std::uint64_t end, std::uint64_t& at) {
      base::accumulator<T> mine;
      mine.begin(reduce_chunk(at));
      for (++at; at != end; ++at) mine.apply(op, reduce_chunk(at));
      together.add(op, mine);
    });
    total.apply(op, std::move(together.value()));
  } else {
    for (auto&& value : parallel_map(on, reduce_chunk, std::views::iota(std::uint64_t{0}, chunks.count()))) {
      total.apply(op, std::move(value));
    }
  }
  return std::move(total.value());
}

/// Whether `op` can reduce elements of type X to a T; says why not.
template <class T, class Op, class X>
consteval bool is_reducible() {
  static_assert(std::is_move_constructible_v<T>,
                "parallel_reduce() returns a value of the type of `init`, which must be movable");
  static_assert(
      std::is_convertible_v<X, T>,
      "parallel_reduce() begins each chunk with an element, as a value of the type of `init`: give `init` the "
      "type of the result, or pass a transform that makes such values of the elements");
  static_assert(!std::is_integral_v<T> || !std::is_floating_point_v<std::remove_cvref_t<X>>,
                "parallel_reduce() of floating-point elements into an integer would cut off their fractions again and "
                "again: write 0.0 instead of 0 for `init`, or pass a transform that makes integers of them");
  constexpr bool callable = std::is_invocable_v<const Op&, T, X> && std::is_invocable_v<const Op&, T, T>;
  static_assert(callable,
                "parallel_reduce() calls the operation from many threads, as const, with two values of the type of "
                "`init`, or with one and an element: take both by value or by const reference, and remove `mutable`");
  if constexpr (callable) {
    static_assert(std::is_convertible_v<std::invoke_result_t<const Op&, T, X>, T> &&
                      std::is_convertible_v<std::invoke_result_t<const Op&, T, T>, T>,
                  "parallel_reduce() needs an operation that returns the combined value, of the type of `init`: "
                  "return it, not void");
  }
  return true;
}

template <class R>
consteval bool is_finite() {
  static_assert(!std::is_same_v<std::ranges::sentinel_t<R>, std::unreachable_sentinel_t>,
                "parallel_reduce() of an endless range would never end: take a part of it, such as "
                "std::views::iota(first, last)");
  return true;
}

/// Combines `init` and all elements of `xs` by `op`, which must be associative: `op(op(init, x0), x1)` and so on, in
/// this order, the parts of it at the same time. It need not be commutative. Returns `init` if there are no elements.
///
/// The result is the same, to the last bit of a floating-point number, on every executor and any number of threads:
/// what is combined with what depends on the number of elements, the types and `options.chunksize` only.
///
/// Sums, products, minima and maxima of numbers and their bit operations run on vector units where `op` says what it
/// is: std::plus, multiplies, bit_and, bit_or, bit_xor, std::ranges::min or max. They take the elements of a chunk in
/// another order, which integers do not show: these do not overflow on the way either, if the result does not.
///
/// `op` is called as const, from many threads, with a T that it may move from and an element or another T. T needs no
/// default constructor and no copy. If a call throws, the exception that a sequential loop would have met first is
/// rethrown, as far as that would have made the same call. Without an executor it runs on current_executor().
///
///     double sum = heddle::parallel_reduce(xs, 0.0, std::plus<>{});
///     std::string text = heddle::parallel_reduce(pool, lines, std::string(), std::plus<>{}, {.chunksize = 100});
template <executor E, std::ranges::input_range R, class T, class Op>
[[nodiscard]] T parallel_reduce(E&& on, R&& xs, T init, const Op& op, const reduce_options& options = {}) {
  using X = decltype(std::declval<base::indexed_range<R>&>()[0]);
  static_assert(is_finite<R>() && is_reducible<T, Op, X>());
  constexpr bool plain_numbers = std::ranges::contiguous_range<R> && std::is_arithmetic_v<std::remove_cvref_t<X>>;
  constexpr auto cost =
      plain_numbers && base::reorderable_operation<Op, T> ? element_cost::small : element_cost::unknown;
  base::indexed_range<R> elements(xs);
  if constexpr (cost == element_cost::small) {
    const base::array_elements numbers(std::to_address(std::ranges::begin(xs)));
    return reduce_elements<cost>(on, elements.size(), init, op, numbers, options);
  } else {
    return reduce_elements<cost>(
        on, elements.size(), init, op, [&elements](std::uint64_t index) -> decltype(auto) { return elements[index]; },
        options);
  }
}

/// The same with `transform(x)` for every element x, called once, as const: std::transform_reduce.
///
///     double norm = std::sqrt(heddle::parallel_reduce(xs, 0.0, std::plus<>{}, [](double x) { return x * x; }));
///     long hits = heddle::parallel_reduce(std::views::iota(0, n), 0L, std::plus<>{}, [&](int i) { return try_one(i);
///     });
template <executor E, std::ranges::input_range R, class T, class Op, class Transform>
[[nodiscard]] T parallel_reduce(E&& on, R&& xs, T init, const Op& op, const Transform& transform,
                                const reduce_options& options = {}) {
  using X = decltype(std::declval<base::indexed_range<R>&>()[0]);
  constexpr bool transformable = std::is_invocable_v<const Transform&, X>;
  static_assert(
      transformable,
      "parallel_reduce() calls the transform from many threads, as const, with one element of the range: take "
      "one parameter of the element's type, and remove `mutable`");
  if constexpr (transformable) {
    static_assert(is_finite<R>() && is_reducible<T, Op, std::invoke_result_t<const Transform&, X>>());
    base::indexed_range<R> elements(xs);
    return reduce_elements<element_cost::unknown>(
        on, elements.size(), init, op,
        [&](std::uint64_t index) -> decltype(auto) { return base::invoke(transform, elements[index]); }, options);
  }
}

template <std::ranges::input_range R, class T, class Op>
  requires(!executor<R>)
[[nodiscard]] T parallel_reduce(R&& xs, T init, const Op& op, const reduce_options& options = {}) {
  return parallel_reduce(current_executor(), std::forward<R>(xs), std::move(init), op, options);
}

template <std::ranges::input_range R, class T, class Op, class Transform>
  requires(!executor<R>)
[[nodiscard]] T parallel_reduce(R&& xs, T init, const Op& op, const Transform& transform,
                                const reduce_options& options = {}) {
  return parallel_reduce(current_executor(), std::forward<R>(xs), std::move(init), op, transform, options);
}

}  // namespace heddle
