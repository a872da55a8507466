// SPDX-License-Identifier: MIT
// parallel_map() where the calls run in other processes.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <iterator>
#include <ranges>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

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
    return static_cast<std::size_t>(length / std::max(each, std::chrono::nanoseconds(1)));
  }

  const std::size_t asked_;
  const std::size_t workers_;
  const std::size_t first_;
  const clock::time_point start_ = clock::now();
  std::size_t done_ = 0;
};

/// The elements of a range where they lie one after the other; else copies of them.
template <class R>
[[nodiscard]] auto elements_to_send(R& range) {
  using T = std::ranges::range_value_t<R>;
  if constexpr (std::ranges::contiguous_range<R> && std::ranges::sized_range<R>) {
    return std::span<const T>(std::ranges::data(range), std::ranges::size(range));
  } else {
    std::vector<T> copies;
    for (auto&& each : range) copies.push_back(static_cast<T>(std::forward<decltype(each)>(each)));
    return copies;
  }
}

/// Submits slice by slice, two for each worker at a time, and collects their results in order.
template <class R, class E, class F, class... Ts>
[[nodiscard]] std::vector<R> map_slices(E& on, const F& callable, std::size_t asked, std::span<const Ts>... elements) {
  const std::size_t size = std::min({elements.size()...});
  slice_size lengths(size, on.max_workers(), asked);
  slices_in_use in_use;
  std::deque<std::pair<future<std::vector<R>>, std::size_t>> running;
  std::vector<R> results;
  results.reserve(size);
  std::size_t submitted = 0;
  const auto collect = [&] {
    auto [oldest, length] = std::move(running.front());
    running.pop_front();
    std::vector<R> part = std::move(oldest).result();
    results.insert(results.end(), std::make_move_iterator(part.begin()), std::make_move_iterator(part.end()));
    lengths.note_done(length);
  };
  try {
    while (submitted != size || !running.empty()) {
      while (submitted != size && running.size() < 2 * on.max_workers()) {
        const std::size_t length = lengths.next(size - submitted);
        running.emplace_back(on.template submit_slice<R>(in_use, callable, elements.subspan(submitted, length)...),
                             length);
        submitted += length;
      }
      collect();
    }
  } catch (...) {
    for (auto& each : running) each.first.cancel();
    in_use.wait_for_none();
    throw;
  }
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
  static_assert((!std::is_same_v<std::ranges::range_value_t<Rs>, bool> && ...),
                "parallel_map() in processes sends elements that lie side by side, and those of a vector<bool> share "
                "bytes: give it a vector<char>");
  using result = std::remove_cvref_t<std::invoke_result_t<const F&, std::ranges::range_value_t<Rs>...>>;
  static_assert(!std::is_void_v<result>, "parallel_map() collects results, and these calls return void");
  return [&](const auto&... elements) {
    return map_slices<result>(on, callable, options.chunksize,
                              std::span<const std::ranges::range_value_t<Rs>>(elements)...);
  }(elements_to_send(ranges)...);
}

template <executor E, class F, std::ranges::input_range... Rs>
  requires remote_executor<E>
[[nodiscard]] auto parallel_map(E&& on, const F& callable, Rs&&... ranges) {
  return parallel_map(std::forward<E>(on), callable, loop_options(), std::forward<Rs>(ranges)...);
}

}  // namespace heddle
