// SPDX-License-Identifier: MIT
// map(), starmap(), map_unordered() and map_settled() on any executor: a call for each element.
#pragma once

#include <cstddef>
#include <iterator>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include <heddle/base/boxed.hpp>
#include <heddle/base/shared_value.hpp>
#include <heddle/bounded_map_results.hpp>
#include <heddle/bulk.hpp>
#include <heddle/executor_concept.hpp>
#include <heddle/finished_results.hpp>
#include <heddle/future.hpp>
#include <heddle/map_input.hpp>
#include <heddle/map_options.hpp>
#include <heddle/map_results.hpp>
#include <heddle/settled_results.hpp>
#include <heddle/unpacking.hpp>
#include <heddle/unread_results.hpp>

namespace heddle {

/// Submits a call for each element by `submit(call)`, and returns their futures. If that throws, those that were
/// submitted are cancelled.
template <class F, class Submit, class... Rs>
[[nodiscard]] auto submit_one_by_one(const base::shared_value<const F>& callable, const Submit& submit, Rs&... ranges) {
  using Result = map_result_t<F, Rs...>;
  std::vector<future<Result>> futures;
  try {
    make_calls(
        callable,
        [&](auto&& call) {
          future<Result>& next = futures.emplace_back();  // the room first: without it no call could be cancelled
          next = submit(std::forward<decltype(call)>(call));
        },
        ranges...);
  } catch (...) {
    const map_results<Result> cancelled(std::move(futures));
    throw;
  }
  return futures;
}

/// Submits a call for each element, together if the executor has a submit_bulk() and the elements are there already, so
/// to speak (forward ranges). If that throws, what was submitted is cancelled.
template <class E, class F, class... Rs>
[[nodiscard]] auto submit_each(E& on, F&& callable, Rs&... ranges) {
  if constexpr (bulk_executor_for<E, F, Rs...> &&
                (remote_executor<E> || (std::forward_iterator<iterator_of<Rs>> && ...))) {
    return on.submit_bulk(std::forward<F>(callable), ranges...);
  } else {
    return submit_one_by_one(
        base::shared_value<const std::decay_t<F>>(std::in_place, std::forward<F>(callable)),
        [&on](auto&& call) { return on.submit(std::forward<decltype(call)>(call)); }, ranges...);
  }
}

/// The same with a task for each `chunksize` elements.
template <template <class> class Unread, class E, class F, class... Rs>
[[nodiscard]] auto submit_chunks(E& on, F&& callable, std::size_t chunksize, Rs&... ranges) {
  using Callable = std::decay_t<F>;
  map_cursor<Callable, Rs...> from(base::shared_value<const Callable>(std::in_place, std::forward<F>(callable)),
                                   ranges...);
  Unread<map_result_t<Callable, Rs...>> submitted;
  while (submit_next(on, from, chunksize, submitted)) {
  }
  return submitted;
}

/// What map() with options does, and map_unordered(); `Unread` keeps what was submitted.
template <template <class> class Unread, class E, class F, class... Rs>
[[nodiscard]] auto bounded_map(E&& on, F&& callable, const map_options& options, Rs&&... ranges) {
  const sync::deadline until = options.timeout.deadline();
  static_assert(options_come_second<Rs...>() && is_mappable<F, Rs...>());
  using Callable = std::decay_t<F>;
  using Input = map_input<E, Callable, Rs...>;
  using Submitted = Unread<map_result_t<Callable, Rs...>>;
  using Results = bounded_map_results<Input, Submitted>;
  options.check();
  if (options.buffersize != 0) {
    base::shared_value<const Callable> shared(std::in_place, std::forward<F>(callable));
    return Results(until, options.buffersize,
                   base::boxed<Input>(std::in_place, std::forward<E>(on), std::move(shared), options.chunksize,
                                      std::forward<Rs>(ranges)...));
  }
  if constexpr ((is_endless<Rs> && ...)) {
    throw std::invalid_argument(
        "map(): these ranges have no end, and without a buffer all calls would be submitted at once: give it a "
        "buffersize, map(f, {.buffersize = 100}, xs)");
  } else {
    if (options.chunksize != 1) {
      return Results(until, submit_chunks<Unread>(on, std::forward<F>(callable), options.chunksize, ranges...));
    }
    return Results(until, Submitted(submit_each(on, std::forward<F>(callable), ranges...)));
  }
}

/// Submits `callable(x, y, ...)` for the elements of `ranges` taken together, up to the end of the shortest, before it
/// returns; the results are read lazily, in order. Python: Executor.map.
///
/// The callable is taken once, shared by all calls and called as const. Elements are copied into the calls, or moved
/// where the range yields rvalues. Throws what submit() throws; calls already submitted are then cancelled. Where the
/// executor has a submit_bulk() and the elements are there already, so to speak (forward ranges), they are submitted
/// together.
///
///     for (int length : heddle::map(pool, [](const std::string& s) { return int(s.size()); }, names)) { ... }
template <executor E, class F, class... Rs>
  requires(!begins_with_options<Rs...>)
[[nodiscard]] auto map(E&& on, F&& callable, Rs&&... ranges) {
  static_assert(options_come_second<Rs...>() && is_mappable<F, Rs...>());
  static_assert(!(is_endless<Rs> && ...),
                "map() submits a call for each element before it returns, and these ranges have no end: bound it, "
                "map(f, {.buffersize = 100}, xs)");
  return map_results<map_result_t<std::decay_t<F>, Rs...>>(submit_each(on, std::forward<F>(callable), ranges...));
}

/// The same with options: bounded_map_results says how its results are read.
///
/// With a buffer the results refer to the executor and to ranges that are lvalues, which must outlive the iteration; a
/// view of a pool, such as pool.with(priority::high), is copied if it is an rvalue. Throws std::invalid_argument if the
/// chunksize is 0, and for ranges without end if there is no buffersize.
///
///     for (int answer : heddle::map(pool, ask, {.timeout = 5s, .buffersize = 100}, std::views::iota(0))) { ... }
template <executor E, class F, class... Rs>
[[nodiscard]] auto map(E&& on, F&& callable, const map_options& options, Rs&&... ranges) {
  return bounded_map<unread_results>(std::forward<E>(on), std::forward<F>(callable), options,
                                     std::forward<Rs>(ranges)...);
}

/// map() of `callable(a, b, ...)` for each (a, b, ...) of `tuples`: pairs, tuples or arrays. Python:
/// multiprocessing.Pool.starmap.
///
///     for (double each : heddle::starmap(pool, std::pow<double, int>, std::vector{std::pair(2.0, 10), ...})) { ... }
template <executor E, class F, class R>
  requires(!begins_with_options<R>)
[[nodiscard]] auto starmap(E&& on, F&& callable, R&& tuples) {
  static_assert(is_starmappable<F, R>());
  return map(std::forward<E>(on), unpacking<std::decay_t<F>>{std::forward<F>(callable)}, std::forward<R>(tuples));
}

template <executor E, class F, class R>
[[nodiscard]] auto starmap(E&& on, F&& callable, const map_options& options, R&& tuples) {
  static_assert(options_come_second<R>() && is_starmappable<F, R>());
  return map(std::forward<E>(on), unpacking<std::decay_t<F>>{std::forward<F>(callable)}, options,
             std::forward<R>(tuples));
}

/// map() whose results come in the order in which the calls end, so that one that takes long keeps none waiting.
/// Python: multiprocessing.Pool.imap_unordered.
///
/// Elements of a chunk come together, in their order. What had ended when map_unordered() returned may come in the
/// order of the input. A worker that reads runs what is queued in its own pool meanwhile, as as_completed() does.
///
/// Iterating gives the plain results, as map() does, so that one can take the place of the other. `results.index()`
/// says which element of the input the one that is read belongs to: also where its call failed, which an index that the
/// call returns with its result would not.
///
///     auto pages = heddle::map_unordered(pool, download, addresses);
///     for (const page& each : pages) show(addresses[pages.index()], each);
template <executor E, class F, class... Rs>
  requires(!begins_with_options<Rs...>)
[[nodiscard]] auto map_unordered(E&& on, F&& callable, Rs&&... ranges) {
  static_assert(options_come_second<Rs...>() && is_mappable<F, Rs...>());
  static_assert(!(is_endless<Rs> && ...),
                "map_unordered() submits a call for each element before it returns, and these ranges have no end: "
                "bound it, map_unordered(f, {.buffersize = 100}, xs)");
  return bounded_map<finished_results>(std::forward<E>(on), std::forward<F>(callable), map_options(),
                                       std::forward<Rs>(ranges)...);
}

/// The same with the options of map(). With a buffer a task is submitted just before the first result of one that has
/// ended is given, and those that take long do not hold it up.
template <executor E, class F, class... Rs>
[[nodiscard]] auto map_unordered(E&& on, F&& callable, const map_options& options, Rs&&... ranges) {
  return bounded_map<finished_results>(std::forward<E>(on), std::forward<F>(callable), options,
                                       std::forward<Rs>(ranges)...);
}

/// map() whose iteration never throws: it gives a settled<T> for each element, which holds the result or the error, a
/// cancelled_error for a call that was cancelled. What ends the map itself, as map_timeout_error, comes as the last
/// one.
///
///     std::vector<heddle::settled<page>> pages;
///     for (auto& each : heddle::map_settled(pool, fetch, {.timeout = 5s}, urls)) pages.push_back(std::move(each));
template <executor E, class F, class... Rs>
  requires(!begins_with_options<Rs...>)
[[nodiscard]] auto map_settled(E&& on, F&& callable, Rs&&... ranges) {
  return settled_results(map(std::forward<E>(on), std::forward<F>(callable), std::forward<Rs>(ranges)...));
}

template <executor E, class F, class... Rs>
[[nodiscard]] auto map_settled(E&& on, F&& callable, const map_options& options, Rs&&... ranges) {
  return settled_results(map(std::forward<E>(on), std::forward<F>(callable), options, std::forward<Rs>(ranges)...));
}

}  // namespace heddle
