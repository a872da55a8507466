// SPDX-License-Identifier: MIT
// parallel_map() and parallel_for_each() where the calls run in other processes.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <limits>
#include <ranges>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <heddle/bulk.hpp>
#include <heddle/callable_kind.hpp>
#include <heddle/executor_concept.hpp>
#include <heddle/future.hpp>
#include <heddle/launcher.hpp>
#include <heddle/run_loop.hpp>
#include <heddle/travelling_slice.hpp>

namespace heddle {

/// How many elements go to a worker at a time: some 10 ms of work, as far as all workers get some.
class slice_size {
 public:
  using clock = std::chrono::steady_clock;

  slice_size(std::size_t elements, std::size_t workers, std::size_t asked) noexcept
      : asked_(asked),
        workers_(workers),
        first_(std::max<std::size_t>(1, std::min(elements / (workers * 16), usual_first))) {}

  [[nodiscard]] std::size_t next(std::size_t remaining) const noexcept {
    if (asked_ != 0) return std::min(asked_, remaining);
    const std::size_t fair = std::max<std::size_t>(1, remaining / (2 * workers_));
    return std::min({done_ == 0 ? first_ : fit(), fair, remaining});
  }

  void note_done(std::size_t elements) noexcept { done_ += elements; }

 private:
  static constexpr std::size_t usual_first = 10'000;
  static constexpr std::chrono::nanoseconds length{10'000'000};

  [[nodiscard]] std::size_t fit() const noexcept {
    const std::chrono::nanoseconds each =
        (clock::now() - start_) * static_cast<std::int64_t>(workers_) / static_cast<std::int64_t>(done_);
    return static_cast<std::size_t>(std::max<std::int64_t>(1, length / std::max(each, std::chrono::nanoseconds(1))));
  }

  const std::size_t asked_;
  const std::size_t workers_;
  const std::size_t first_;
  const clock::time_point start_ = clock::now();
  std::size_t done_ = 0;
};

/// The first elements of a range, `most` at most, where they lie one after the other; else copies of them.
template <class R>
[[nodiscard]] auto elements_to_send(R& range, std::size_t most = std::numeric_limits<std::size_t>::max()) {
  using T = std::ranges::range_value_t<R>;
  if constexpr (std::ranges::contiguous_range<R> && std::ranges::sized_range<R>) {
    return std::span<const T>(std::ranges::data(range), std::min<std::size_t>(most, std::ranges::size(range)));
  } else {
    std::vector<T> copies;
    auto at = std::ranges::begin(range);
    while (copies.size() != most && at != std::ranges::end(range)) {
      copies.push_back(static_cast<T>(*at));
      if (copies.size() != most) ++at;  // which may wait for input
    }
    return copies;
  }
}

/// Those of ranges taken together, of which not all are endless: no more of each than the shortest has, as far as that
/// is known before they are read.
template <class... Rs>
[[nodiscard]] auto elements_to_send_together(Rs&... ranges) {
  std::size_t least = std::numeric_limits<std::size_t>::max();
  const auto note = [&least]<class R>(R& range) {
    if constexpr (std::ranges::sized_range<R>) least = std::min<std::size_t>(least, std::ranges::size(range));
  };
  (note(ranges), ...);
  std::tuple<decltype(elements_to_send(ranges))...> all;
  std::apply(
      [&](auto&... of) {
        const auto fill = [&least](auto& with, auto& range) {
          with = elements_to_send(range, least);
          least = std::min(least, with.size());
        };
        ((is_endless<Rs> ? void() : fill(of, ranges)), ...);
        ((is_endless<Rs> ? fill(of, ranges) : void()), ...);
      },
      all);
  return all;
}

/// Submits slice by slice, two for each worker at a time, by `submit(slices_in_use, first, length)`; calls
/// `take(future)` for each, in order, which leaves no result there.
template <class Submit, class Take>
void for_slices(std::size_t size, std::size_t workers, std::size_t asked, const Submit& submit, const Take& take) {
  slice_size lengths(size, workers, asked);
  slices_in_use in_use;
  std::deque<std::pair<std::invoke_result_t<const Submit&, slices_in_use&, std::size_t, std::size_t>, std::size_t>>
      running;
  std::size_t submitted = 0;
  try {
    while (submitted != size || !running.empty()) {
      while (submitted != size && running.size() < 2 * workers) {
        const std::size_t length = lengths.next(size - submitted);
        running.emplace_back(submit(in_use, submitted, length), length);
        submitted += length;
      }
      take(running.front().first);
      lengths.note_done(running.front().second);
      running.pop_front();
    }
  } catch (...) {
    for (auto& each : running) {
      if (each.first.valid()) each.first.cancel();
    }
    in_use.wait_for_none();
    throw;
  }
}

/// The results of slices, in order.
template <class R, class E, class F, class... Ts>
[[nodiscard]] std::vector<R> map_slices(E& on, const F& callable, std::size_t asked, std::span<Ts>... elements) {
  const std::size_t size = std::min({elements.size()...});
  std::vector<R> results;
  results.reserve(size);
  for_slices(
      size, on.max_workers(), asked,
      [&](slices_in_use& in_use, std::size_t first, std::size_t length) {
        return on.template submit_slice<R>(in_use, callable, elements.subspan(first, length)...);
      },
      [&](future<std::vector<R>>& slice) {
        std::vector<R> part = std::move(slice).result();
        results.insert(results.end(), std::make_move_iterator(part.begin()), std::make_move_iterator(part.end()));
      });
  return results;
}

/// As parallel_map() elsewhere, with calls in worker processes: in chunks of some 10 ms, or of the chunksize. Elements
/// are sent, and results come back, so both must travel, as the callable. Where ranges are contiguous their elements
/// are sent from where they are. What a call throws, or that its worker died, is the error of its chunk, and the first
/// error in the order of the elements is rethrown; calls that run then are cancelled, by killing their workers.
///
///     std::vector<double> risks = heddle::parallel_map(procs, price, contracts);
template <executor E, class F, std::ranges::input_range... Rs>
  requires remote_executor<E>
[[nodiscard]] auto parallel_map(E&& on, const F& callable, const loop_options& options, Rs&&... ranges) {
  static_assert(sizeof...(Rs) > 0, "parallel_map() needs a range to take values from: parallel_map(procs, f, xs...)");
  static_assert(callable_must_travel<F>);
  static_assert(sizeof...(Rs) == 0 || !(is_endless<Rs> && ...),
                "parallel_map() has a result for each element, and these ranges have no end");
  static_assert((!std::is_same_v<std::ranges::range_value_t<Rs>, bool> && ...),
                "parallel_map() in processes sends elements that lie side by side, and those of a vector<bool> share "
                "bytes: give it a vector<char>");
  static_assert(std::is_invocable_v<const F&, std::ranges::range_value_t<Rs>...>,
                "parallel_map() in processes calls one callable, as const, with a value of each range: take as many "
                "parameters as there are ranges, by value or as const&, and remove `mutable`");
  using result = std::remove_cvref_t<std::invoke_result_t<const F&, std::ranges::range_value_t<Rs>...>>;
  static_assert(!std::is_void_v<result>,
                "parallel_map() collects results, and these calls return void: use parallel_for_each()");
  const auto all = elements_to_send_together(ranges...);
  return std::apply(
      [&](const auto&... elements) {
        return map_slices<result>(on, callable, options.chunksize,
                                  std::span<const std::ranges::range_value_t<Rs>>(elements)...);
      },
      all);
}

template <executor E, class F, std::ranges::input_range... Rs>
  requires remote_executor<E>
[[nodiscard]] auto parallel_map(E&& on, const F& callable, Rs&&... ranges) {
  return parallel_map(std::forward<E>(on), callable, loop_options(), std::forward<Rs>(ranges)...);
}

/// A shared_array, which calls may write to.
template <class R>
concept shared_and_mutable = requires { typename std::remove_cvref_t<R>::travels_as; } &&
                             !std::is_const_v<std::remove_reference_t<std::ranges::range_reference_t<R>>>;

/// Whether calls of `F` write to elements of `R`, or may: they take no value, or the elements need not be sent.
template <class F, class R>
concept writes_elements = std::invocable<const F&, std::ranges::range_reference_t<R>> &&
                          (shared_and_mutable<R> || !std::invocable<const F&, std::ranges::range_value_t<R>>);

/// Whether elements can be those of a shared_array: a container has its own.
template <class R>
concept maybe_shared =
    (shared_and_mutable<R> || std::ranges::borrowed_range<std::remove_cvref_t<R>>) &&
    std::ranges::contiguous_range<R> && std::ranges::sized_range<R> && process::is_bulk<std::ranges::range_value_t<R>>;

/// As parallel_for_each() elsewhere, with calls in worker processes, in chunks as parallel_map(). Calls get the
/// elements of a shared_array themselves, and may write to them. Of other ranges they get values, which are sent. A
/// body that takes a `T&` and no value needs a shared_array, or a std::span of its elements: std::invalid_argument says
/// so if it is one of other elements. Errors are those of parallel_map().
///
///     heddle::shared_array<double> xs(n);
///     heddle::parallel_for_each(procs, xs, [](double& x) { x = refine(x); });
template <executor E, std::ranges::input_range R, class Body>
  requires remote_executor<E>
void parallel_for_each(E&& on, R&& range, const Body& body, const loop_options& options) {
  static_assert(callable_must_travel<Body>);
  static_assert(std::is_invocable_v<const Body&, std::ranges::range_value_t<R>> ||
                    std::is_invocable_v<const Body&, std::ranges::range_reference_t<R>>,
                "parallel_for_each() calls one body, as const, with one element of the range: take one parameter of "
                "the element's type, and remove `mutable`");
  static_assert(!is_endless<R>, "parallel_for_each() ends when all elements are done, and this range has no end");
  static_assert(!std::is_same_v<std::ranges::range_value_t<R>, bool>,
                "parallel_for_each() in processes sends elements that lie side by side, and those of a vector<bool> "
                "share bytes: give it a vector<char>");
  const auto run = [&](auto elements) {
    for_slices(
        elements.size(), on.max_workers(), options.chunksize,
        [&](slices_in_use& in_use, std::size_t first, std::size_t length) {
          return on.template submit_slice<void>(in_use, body, elements.subspan(first, length));
        },
        [](future<void>& slice) { slice.result(); });
  };
  using T = std::ranges::range_value_t<R>;
  if constexpr (writes_elements<Body, R>) {
    static_assert(maybe_shared<R>,
                  "parallel_for_each() in processes writes to the elements of a heddle::shared_array, or a std::span "
                  "of them, and to no others: give it one, or a body that takes values");
    if constexpr (maybe_shared<R>) run(std::span<T>(std::ranges::data(range), std::ranges::size(range)));
  } else {
    const auto& elements = elements_to_send(range);
    run(std::span<const T>(elements));
  }
}

template <executor E, std::ranges::input_range R, class Body>
  requires remote_executor<E>
void parallel_for_each(E&& on, R&& range, const Body& body) {
  parallel_for_each(std::forward<E>(on), std::forward<R>(range), body, loop_options());
}

}  // namespace heddle
