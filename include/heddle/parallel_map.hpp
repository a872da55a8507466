// SPDX-License-Identifier: MIT
// parallel_map(): Python's map(), with the calls running at the same time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

#include <heddle/base/held_close.hpp>
#include <heddle/base/indexed_range.hpp>
#include <heddle/base/invoke.hpp>
#include <heddle/base/outcome.hpp>
#include <heddle/executor.hpp>
#include <heddle/parallel_for.hpp>
#include <heddle/thread_pool_executor.hpp>

namespace heddle {

/// Results by index, before they are a vector: each is made by one call, in any order. Simple values are assigned into
/// the vector itself; all others are made in slots and moved, so that they need no default constructor, and proxies
/// such as vector<bool>::reference are made and not assigned through. (vector<bool> shares bytes between elements, so
/// not that.)
template <class R>
class map_slots {
  static constexpr bool assigned = std::is_trivially_default_constructible_v<R> &&
                                   std::is_trivially_move_assignable_v<R> && !std::is_same_v<R, bool>;

  struct slot {
    base::outcome<R> result;
    bool made = false;
    ~slot() {
      if (made) result.destroy_value();
    }
  };

 public:
  explicit map_slots(std::uint64_t size) : slots_(static_cast<std::size_t>(size)) {}

  template <class Call>
  void fill(std::uint64_t index, const Call& call) {
    fill_slot(slots_[static_cast<std::size_t>(index)], call);
  }

  /// Those from `at` up to `end`, by `call(index)`. If that throws, `at` says where.
  template <class Call>
  void fill(std::uint64_t& at, std::uint64_t end, const Call& call) {
    auto* const slots = slots_.data();
    for (; at != end; ++at) fill_slot(slots[at], [&]() -> decltype(auto) { return call(at); });
  }

  [[nodiscard]] std::vector<R> take() {
    if constexpr (assigned) {
      return std::move(slots_);
    } else {
      std::vector<R> results;
      results.reserve(slots_.size());
      for (slot& made : slots_) results.push_back(std::move(made.result.value()));
      return results;
    }
  }

 private:
  using kept = std::conditional_t<assigned, R, slot>;

  template <class Call>
  static void fill_slot(kept& filled, const Call& call) {
    if constexpr (assigned) {
      filled = call();
    } else {
      filled.result.emplace_result_of(call);
      filled.made = true;
    }
  }

  std::vector<kept> slots_;
};

template <class F, class... Rs>
using parallel_map_result_t =
    std::remove_cvref_t<std::invoke_result_t<const F&, decltype(std::declval<base::indexed_range<Rs>&>()[0])...>>;

/// The vector of `callable(x, y, ...)` for the elements, made by the loop that `run(size, loop)` runs.
template <class F, class Run, std::ranges::input_range... Rs>
[[nodiscard]] auto map_loop(const F& callable, Run run, Rs&&... ranges) {
  static_assert(sizeof...(Rs) > 0, "parallel_map() needs a range to take values from: parallel_map(f, xs...)");
  static_assert(
      std::is_invocable_v<const F&, decltype(std::declval<base::indexed_range<Rs>&>()[0])...>,
      "parallel_map() calls one callable from many threads, as const, with one element of each range: take as "
      "many parameters as there are ranges, and remove `mutable`");
  using Result = parallel_map_result_t<F, Rs...>;
  static_assert(!std::is_void_v<Result>,
                "parallel_map() collects results, and these calls return void: use parallel_for_each()");
  static_assert(std::is_void_v<Result> || std::is_move_constructible_v<Result>,
                "parallel_map() moves the results into a vector, and these cannot be moved: return a std::unique_ptr");

  return [&](auto... elements) {
    std::uint64_t size = (std::numeric_limits<std::uint64_t>::max)();
    ((size = elements.size() < size ? elements.size() : size), ...);
    map_slots<Result> results(size);
    run(size, [&](std::uint64_t, std::uint64_t end, std::uint64_t& at) {
      [&](base::held_close<const F> call, base::held_close<base::indexed_range<Rs>>... xs) {
        results.fill(at, end, [&](std::uint64_t index) -> decltype(auto) { return base::invoke(call, xs[index]...); });
      }(callable, elements...);
    });
    return results.take();
  }(base::indexed_range<Rs>(ranges)...);
}

/// Returns the vector of `callable(x, y, ...)` for the elements of `ranges` taken together, up to the end of the
/// shortest, in order. The calls run at the same time, in the caller and in workers of `on`.
///
/// Elements are passed as their range gives them, not copied; `callable` is called as const, and may be copied as a
/// body of parallel_for() is, so no result should point into it unless it is passed by std::ref(). Results need no
/// default constructor, only a move. If a call throws, those after it are not begun, and the exception that a
/// sequential loop would have met first is rethrown. Without an executor it runs on current_executor().
///
///     std::vector<double> squares = heddle::parallel_map([](double x) { return x * x; }, xs);
///     std::vector<int> sums = heddle::parallel_map(pool, std::plus<>{}, xs, ys);
template <executor E, class F, std::ranges::input_range... Rs>
  requires(!remote_executor<E>)
[[nodiscard]] auto parallel_map(E&& on, const F& callable, Rs&&... ranges) {
  return map_loop(
      callable, [&on](std::uint64_t size, auto loop) { run_loop(on, size, loop); }, std::forward<Rs>(ranges)...);
}

/// The same in chunks, see loop_options.
///
///     heddle::parallel_map(pool, decode, {.chunksize = 16}, frames);
template <executor E, class F, std::ranges::input_range... Rs>
  requires(!remote_executor<E>)
[[nodiscard]] auto parallel_map(E&& on, const F& callable, const loop_options& options, Rs&&... ranges) {
  return map_loop(
      callable, [&](std::uint64_t size, auto loop) { run_loop(on, size, loop, options); }, std::forward<Rs>(ranges)...);
}

template <class F, std::ranges::input_range... Rs>
  requires(!executor<F>)
[[nodiscard]] auto parallel_map(const F& callable, Rs&&... ranges) {
  return parallel_map(current_executor(), callable, std::forward<Rs>(ranges)...);
}

template <class F, std::ranges::input_range... Rs>
  requires(!executor<F>)
[[nodiscard]] auto parallel_map(const F& callable, const loop_options& options, Rs&&... ranges) {
  return parallel_map(current_executor(), callable, options, std::forward<Rs>(ranges)...);
}

}  // namespace heddle
