// SPDX-License-Identifier: MIT
// Loops whose iterations run at the same time: over numbers, and over the elements of a range.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <heddle/base/counting_integer.hpp>
#include <heddle/base/indexed_range.hpp>
#include <heddle/base/invoke.hpp>
#include <heddle/errors.hpp>
#include <heddle/executor.hpp>
#include <heddle/future.hpp>
#include <heddle/scheduling/adaptive_loop.hpp>
#include <heddle/scheduling/section_loop.hpp>
#include <heddle/sync/this_thread.hpp>
#include <heddle/thread_pool_executor.hpp>

namespace heddle {

/// What parallel_for() counts with: any integer type but bool and the character types.
template <class T>
concept loop_index = base::counting_integer<T>;

/// Calls of a loop that run on an executor while the caller works on the same loop. The end of the scope waits for
/// those that have begun and cancels the others.
template <executor E>
class loop_helpers {
 public:
  explicit loop_helpers(E& on) noexcept : on_(on) {}
  loop_helpers(const loop_helpers&) = delete;
  loop_helpers& operator=(const loop_helpers&) = delete;
  ~loop_helpers() {
    for (auto& helper : helpers_) helper.cancel();
    for (auto& helper : helpers_) helper.wait();
  }

  /// Asks for `count` calls of `help`. Gets fewer where memory ends or the executor was shut down: the caller then runs
  /// more of the loop, or all of it.
  template <class Help>
  void ask_for(std::uint64_t count, const Help& help) {
    try {
      helpers_.reserve(static_cast<std::size_t>(count));
      while (helpers_.size() < count) helpers_.push_back(on_.submit(help));
    } catch (const executor_shutdown_error&) {
    } catch (const std::bad_alloc&) {
    }
  }

 private:
  E& on_;
  std::vector<future<void>> helpers_;
};

/// No loop asks for more.
inline constexpr std::uint64_t most_loop_workers = 4096;

/// Runs `body(first, last, at)` for intervals that together are [0, size), by the caller and up to max_workers() - 1
/// others; see scheduling::section_loop. What loops of every kind are made of.
template <executor E, class Body>
void run_loop(E& on, std::uint64_t size, Body body) {
  constexpr std::uint64_t sections_per_worker = 32;  // enough that the last ones to finish wait little for each other
  // Of an executor of somebody else's the number may be anything.
  const auto claimed = static_cast<std::uint64_t>(on.max_workers());
  const std::uint64_t workers = claimed < 1 ? 1 : claimed > most_loop_workers ? most_loop_workers : claimed;
  const std::uint64_t wanted = workers * sections_per_worker;
  const std::uint64_t sections = workers == 1 ? 1 : size < wanted ? size : wanted;
  if (size == 0) return;
  scheduling::section_loop loop(size, sections, body);
  {
    loop_helpers helpers(on);
    helpers.ask_for((sections < workers ? sections : workers) - 1, [&loop] { loop.run(); });
    const sync::blocking_allowed in_body;
    loop.run();
  }
  loop.rethrow_failure();
}

/// The same on threads: they divide it among themselves as they become free.
template <class Body>
void run_loop(thread_pool_executor& on, std::uint64_t size, Body body) {
  const sync::blocking_allowed in_body;
  scheduling::run_loop(thread_pool_access::crew_of(on), size, body);
}

/// Calls `body(i)` for every i in [first, last), or `body(i, j)` for intervals [i, j) that together are [first, last),
/// and returns when all is done. The caller works too, and max_workers() - 1 workers help it.
///
/// Iterations run in any order and at the same time: `body` is called as const. If one throws, those after it are not
/// begun, and the exception that a sequential loop would have met first is rethrown when all that began has ended.
/// Throws std::invalid_argument if first > last. Without an executor it runs on current_executor(). On an executor that
/// was shut down the caller runs the loop alone.
///
///     heddle::parallel_for(0, image.height(), [&](int y) { render(image.row(y)); });
template <executor E, loop_index First, loop_index Last, class Body>
void parallel_for(E& on, First first, Last last, const Body& body) {
  using Index = std::common_type_t<First, Last>;
  constexpr bool by_item = std::is_invocable_v<const Body&, Index>;
  static_assert(by_item || std::is_invocable_v<const Body&, Index, Index>,
                "parallel_for() calls one body from many threads, as const, with an index or with the two ends of an "
                "interval: take one or two integers, and remove `mutable`");
  if (std::cmp_greater(first, last) || !std::in_range<Index>(first)) {
    throw std::invalid_argument("parallel_for() counts from first up to last: first is " + std::to_string(first) +
                                " and last is " + std::to_string(last) + "; swap them, or give both the same type");
  }
  const auto origin = static_cast<std::uint64_t>(first);
  const auto index = [origin](std::uint64_t offset) { return static_cast<Index>(origin + offset); };
  run_loop(on, static_cast<std::uint64_t>(last) - origin,
           [&body, index](std::uint64_t begin, std::uint64_t end, std::uint64_t& at) {
             if constexpr (by_item) {
               for (; at != end; ++at) static_cast<void>(body(index(at)));
             } else {
               static_cast<void>(body(index(begin), index(end)));
             }
           });
}

template <loop_index First, loop_index Last, class Body>
void parallel_for(First first, Last last, const Body& body) {
  parallel_for(current_executor(), first, last, body);
}

/// Calls `body(element)` for every element of `range`, as parallel_for() does for numbers. Ranges that are not random
/// access are walked once first, by the caller. Do not write to the elements of a vector<bool>: they share bytes.
///
///     heddle::parallel_for_each(files, [](const std::string& name) { compress(name); });
template <executor E, std::ranges::input_range R, class Body>
void parallel_for_each(E& on, R&& range, const Body& body) {
  base::indexed_range<R> elements(range);
  static_assert(
      std::is_invocable_v<const Body&, decltype(elements[0])>,
      "parallel_for_each() calls one body from many threads, as const, with one element of the range: take one "
      "parameter of the element's type, and remove `mutable`");
  run_loop(on, elements.size(), [&](std::uint64_t, std::uint64_t end, std::uint64_t& at) {
    for (; at != end; ++at) static_cast<void>(base::invoke(body, elements[at]));
  });
}

template <std::ranges::input_range R, class Body>
  requires(!executor<R>)
void parallel_for_each(R&& range, const Body& body) {
  parallel_for_each(current_executor(), std::forward<R>(range), body);
}

}  // namespace heddle
