// SPDX-License-Identifier: MIT
// parallel_inclusive_scan() and parallel_exclusive_scan(): all running totals of a range, the same ones on any number
// of threads.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iterator>
#include <memory>
#include <ranges>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <heddle/base/accumulator.hpp>
#include <heddle/base/atomic.hpp>
#include <heddle/base/cpu.hpp>
#include <heddle/base/indexed_range.hpp>
#include <heddle/base/scan_section.hpp>
#include <heddle/base/sectioning.hpp>
#include <heddle/base/standard_operation.hpp>
#include <heddle/base/total_chain.hpp>
#include <heddle/executor.hpp>
#include <heddle/parallel_map.hpp>
#include <heddle/parallel_reduce.hpp>
#include <heddle/run_loop.hpp>
#include <heddle/scheduling/loop_failure.hpp>
#include <heddle/sync/this_thread.hpp>
#include <heddle/thread_pool_executor.hpp>

namespace heddle {

using base::scan_kind;

/// Where a scan of `size` elements is cut, which depends on nothing else: so the result does not either.
class scan_chunks : public base::chunking {
 public:
  constexpr scan_chunks(std::uint64_t size, element_cost cost, std::size_t element_size) noexcept
      : chunking(size, chosen_length(size, cost, element_size)) {}

 private:
  static constexpr std::uint64_t chosen_length(std::uint64_t size, element_cost cost,
                                               std::size_t element_size) noexcept {
    // What is read of a chunk fits into a cache of the second level, and what is written.
    constexpr std::uint64_t bytes = 65536;
    constexpr std::uint64_t shortest = 64;
    const std::uint64_t longest = bytes / element_size < shortest ? shortest : bytes / element_size;
    if (cost == element_cost::small) return longest;
    // About as many elements as chunks: the totals of these are combined by one thread at a time.
    const std::uint64_t root = std::uint64_t{1} << std::bit_width(size) / 2;
    return root < longest ? root : longest;
  }
};

/// Whether threads may read a chunk that another thread works on: not where that may write to it, nor where it is for
/// the operation or the range to say what reading costs and does.
enum class helping : bool { forbidden, allowed };

/// A scan by chunks, which threads take in ascending order, whatever part of the loop they run: see take_chunks().
///
/// A thread reduces its chunk, brings the total, and scans the chunk again while it is in the cache, if the total of
/// all before is known by then. If it is not, somebody has not finished a chunk before, and perhaps has lost the
/// processor: the thread does not wait for that but goes on to the next chunk, and comes back; after a few it reduces
/// what is missing itself, where it may. What is left in the end is scanned by a loop of its own. Where the operation
/// is arithmetic and all before is known at once, a chunk is scanned without being reduced first. In this way nearly
/// all memory is read once and written once. (Merrill and Garland, "Single-pass parallel prefix scan with decoupled
/// look-back", do the same on processors whose threads are never interrupted, and wait.)
///
/// Failures are kept by `2 * chunk` for one that a scan met, and `2 * chunk + 1` for one of a reduction. A chunk that
/// could not be reduced is scanned too, for a sequential scan may meet something else before.
template <scan_kind Kind, class T, class Op, class Element, class Put>
class chained_scan {
  static constexpr bool is_arithmetic =
      base::reorderable_operation<Op, T> && std::is_arithmetic_v<std::remove_cvref_t<base::element_result_t<Element>>>;
  using section_scan =
      std::conditional_t<is_arithmetic, base::grouped_scan<T, Op, Element>, base::blocked_scan<T, Op, Element>>;

 public:
  chained_scan(scan_chunks chunks, helping help, base::accumulator<T>& init, const Op& op, const Element& element,
               const Put& put)
      : chunks_(chunks),
        help_(help),
        op_(op),
        element_(element),
        put_(put),
        sections_(op, element),
        totals_(chunks.count(), init),
        works_(static_cast<std::size_t>(chunks.count())) {}

  /// Everything is one chunk.
  static void run_alone(base::section items, base::accumulator<T>& init, const Op& op, const Element& element,
                        const Put& put) {
    if constexpr (is_arithmetic) {
      typename section_scan::summary none;
      static_cast<void>(section_scan(op, element).template scan<Kind>(items, init, none, put));
    } else {
      base::scan_one_by_one<Kind>(items, init, op, element, put);
    }
  }

  template <executor E>
  void run(E& on) {
    run_loop(on, chunks_.count(), [this](std::uint64_t, std::uint64_t end, std::uint64_t& at) {
      for (; at != end; ++at) take_chunks();
    });
    run_rest(on);
    failure_.rethrow();
  }

 private:
  /// What is known of a chunk beside its total. Written by the thread that works on it.
  enum class progress : std::uint8_t { none, reduced, scanned };
  struct work : section_scan::summary {
    progress how_far = progress::none;
    base::atomic<bool> is_helped{false};
  };

  /// Takes the next chunk, and more of them as long as there is one that cannot be scanned yet; a few.
  void take_chunks() noexcept {
    constexpr std::size_t most = 4;
    std::uint64_t taken[most];
    std::size_t count = 0;
    std::size_t scanned = 0;
    do {
      if (count != most && try_take(taken[count])) {
        begin(taken[count++]);
      } else if (!try_help()) {
        return;
      }
      for (; scanned != count && totals_.is_known(taken[scanned]); ++scanned) {
        if (work_on(taken[scanned]).how_far == progress::reduced) scan(taken[scanned]);
      }
    } while (scanned != count);
  }

  [[nodiscard]] bool try_take(std::uint64_t& chunk) noexcept {
    // relaxed: chunks are handed out, not published; the join orders what is done with them.
    chunk = next_.fetch_add(1, base::relaxed);
    return chunk < chunks_.count() && !failure_.is_before(2 * chunk);
  }

  /// Reduces the first chunk whose total is missing, instead of the thread that has taken it and perhaps has lost the
  /// processor. False if it must not, or another one does.
  bool try_help() noexcept {
    if constexpr (is_arithmetic) {
      const std::uint64_t chunk = totals_.known();
      work& its = work_on(chunk);
      // relaxed: only that one thread gets it counts.
      if (help_ == helping::forbidden || totals_.has_total(chunk) || its.is_helped.exchange(true, base::relaxed))
        return false;
      totals_.bring(chunk, sections_.reduce(chunks_[chunk], its));
      go_on();
      return true;
    }
    return false;
  }

  [[nodiscard]] work& work_on(std::uint64_t chunk) noexcept { return works_[static_cast<std::size_t>(chunk)]; }

  /// Brings the total of a chunk, and scans it at once if that is best.
  void begin(std::uint64_t chunk) noexcept {
    if constexpr (is_arithmetic) {
      if (totals_.is_known(chunk)) return scan(chunk);
    }
    try {
      totals_.bring(chunk, sections_.reduce(chunks_[chunk], work_on(chunk)));
      work_on(chunk).how_far = progress::reduced;
    } catch (...) {
      failure_.keep(2 * chunk + 1, std::current_exception());
    }
    go_on();
  }

  void go_on() noexcept {
    try {
      totals_.go_on(op_);
    } catch (...) {
      failure_.keep(2 * totals_.known() + 1, std::current_exception());
    }
  }

  /// Scans a chunk before which all is known.
  void scan(std::uint64_t chunk) noexcept {
    if (failure_.is_before(2 * chunk)) return;
    work& its = work_on(chunk);
    base::accumulator<T>& before = totals_.before(chunk);
    const progress reached = std::exchange(its.how_far, progress::scanned);
    try {
      if constexpr (is_arithmetic) {
        T total = sections_.template scan<Kind>(chunks_[chunk], before, its, put_);
        if (reached == progress::reduced) return;
        totals_.bring(chunk, std::move(total));
        go_on();
      } else if (reached == progress::reduced) {
        sections_.template scan<Kind>(chunks_[chunk], before, its, put_);
      } else {
        base::scan_one_by_one<Kind>(chunks_[chunk], before, op_, element_, put_);
      }
    } catch (...) {
      failure_.keep(2 * chunk, std::current_exception());
    }
  }

  /// Scans what is left, when every other thread has left the loop.
  template <executor E>
  void run_rest(E& on) {
    go_on();
    std::vector<std::uint64_t> rest;
    for (std::uint64_t chunk = 0; chunk != chunks_.count() && totals_.is_known(chunk); ++chunk) {
      if (work_on(chunk).how_far != progress::scanned) rest.push_back(chunk);
    }
    run_loop(on, rest.size(), [&](std::uint64_t, std::uint64_t end, std::uint64_t& at) {
      for (; at != end; ++at) scan(rest[static_cast<std::size_t>(at)]);
    });
  }

  const scan_chunks chunks_;
  const helping help_;
  const Op& op_;
  const Element& element_;
  const Put& put_;
  const section_scan sections_;
  base::total_chain<T> totals_;
  std::vector<work> works_;
  alignas(base::cache_line) base::atomic<std::uint64_t> next_{0};
  alignas(base::cache_line) scheduling::loop_failure failure_;
};

/// What a scan reads an element as. It may read it twice: the operation cannot move from it.
template <class R>
using scan_element_t =
    std::conditional_t<std::is_rvalue_reference_v<decltype(std::declval<base::indexed_range<R>&>()[0])>,
                       const std::remove_reference_t<decltype(std::declval<base::indexed_range<R>&>()[0])>&,
                       decltype(std::declval<base::indexed_range<R>&>()[0])>;

/// Whether the elements may be what the totals replace.
enum class where_written : bool { elsewhere, perhaps_in_place };

template <class R, class I>
[[nodiscard]] where_written where_is(R& xs, I out, std::uint64_t size) {
  if constexpr (std::ranges::contiguous_range<R> && std::contiguous_iterator<I>) {
    const auto from = reinterpret_cast<std::uintptr_t>(std::to_address(std::ranges::begin(xs)));
    const auto to = reinterpret_cast<std::uintptr_t>(std::to_address(out));
    if (from + size * sizeof(std::ranges::range_value_t<R>) <= to || to + size * sizeof(std::iter_value_t<I>) <= from) {
      return where_written::elsewhere;
    }
  }
  return where_written::perhaps_in_place;
}

/// Gives `put` the running totals of `elements`, with `init` before all of them unless it is empty.
template <scan_kind Kind, class T, executor E, class R, class Op, class Put>
void scan_elements(E& on, base::indexed_range<R>& elements, base::accumulator<T>& init, const Op& op, const Put& put,
                   where_written place) {
  using X = scan_element_t<R>;
  using V = std::ranges::range_value_t<R>;
  if (elements.size() == 0) return;
  const auto element = [&elements](std::uint64_t index) -> X { return static_cast<X>(elements[index]); };
  constexpr bool plain_numbers = std::ranges::contiguous_range<R> && std::is_arithmetic_v<V>;
  constexpr auto cost =
      plain_numbers && base::reorderable_operation<Op, T> ? element_cost::small : element_cost::unknown;
  const scan_chunks chunks(elements.size(), cost, sizeof(T) < sizeof(V) ? sizeof(V) : sizeof(T));
  using scan = chained_scan<Kind, T, Op, decltype(element), Put>;
  if (chunks.count() == 1) {
    const sync::blocking_allowed in_body;
    scan::run_alone(chunks[0], init, op, element, put);
  } else {
    const bool is_alone = cost == element_cost::small && place == where_written::elsewhere;
    scan(chunks, is_alone ? helping::allowed : helping::forbidden, init, op, element, put).run(on);
  }
}

/// Whether `op` can make running totals, of type T, of elements of type X; says why not.
template <class T, class Op, class X>
consteval bool is_scannable() {
  static_assert(std::is_copy_constructible_v<T>,
                "a parallel scan writes each running total and goes on with it, so its type, which is that of `init` "
                "or else of the elements, must be copyable");
  static_assert(std::is_convertible_v<X, T>,
                "a parallel scan begins each chunk with an element, as a value of the type of `init`: give `init` the "
                "type of the totals, or make such values of the elements by std::views::transform");
  static_assert(!std::is_integral_v<T> || !std::is_floating_point_v<std::remove_cvref_t<X>>,
                "a parallel scan of floating-point elements into integers would cut off their fractions again and "
                "again: write 0.0 instead of 0 for `init`, or make integers of the elements by std::views::transform");
  constexpr bool callable = std::is_invocable_v<const Op&, T, X> && std::is_invocable_v<const Op&, T, T>;
  static_assert(callable,
                "a parallel scan calls the operation from many threads, as const, with two running totals, or with one "
                "and an element: take both by value or by const reference, and remove `mutable`");
  if constexpr (callable) {
    static_assert(std::is_convertible_v<std::invoke_result_t<const Op&, T, X>, T> &&
                      std::is_convertible_v<std::invoke_result_t<const Op&, T, T>, T>,
                  "a parallel scan needs an operation that returns the combined value, of the type of the running "
                  "totals: return it, not void");
  }
  return true;
}

/// Whether R has an end; says what to do where it has none.
template <class R>
consteval bool is_scan_finite() {
  static_assert(!std::is_same_v<std::ranges::sentinel_t<R>, std::unreachable_sentinel_t>,
                "a parallel scan of an endless range would never end: take a part of it, such as "
                "std::views::iota(first, last)");
  return true;
}

/// Where a scan can be asked to write; scan_target() says what of that it can use.
template <class Out>
concept scan_output = std::input_or_output_iterator<std::remove_cvref_t<Out>> || std::ranges::range<Out>;

/// The iterator by which `size` running totals of type T are written to `out`.
template <class T, class Out>
[[nodiscard]] auto scan_target(Out&& out, [[maybe_unused]] std::uint64_t size) {
  if constexpr (std::ranges::range<Out>) {
    static_assert(std::ranges::random_access_range<Out>,
                  "a parallel scan writes from many threads: give `out` random access, as a vector has it, or leave it "
                  "out and take the vector that is returned");
    static_assert(std::ranges::borrowed_range<Out>,
                  "a parallel scan writes to `out`, and this one is gone when it returns: pass a variable, or leave it "
                  "out and take the vector that is returned");
    if constexpr (std::ranges::random_access_range<Out> && std::ranges::borrowed_range<Out>) {
      if constexpr (std::ranges::sized_range<Out>) {
        if (std::cmp_less(std::ranges::size(out), size)) {
          throw std::invalid_argument("a parallel scan writes a running total for each of " + std::to_string(size) +
                                      " elements, and `out` has room for " + std::to_string(std::ranges::size(out)) +
                                      ": make it as long as the input");
        }
      }
      return scan_target<T>(std::ranges::begin(out), size);
    }
  } else {
    using iterator = std::remove_cvref_t<Out>;
    static_assert(std::random_access_iterator<iterator>,
                  "a parallel scan writes from many threads: give `out` random access, as a vector has it, or leave it "
                  "out and take the vector that is returned");
    static_assert(
        !std::is_same_v<std::iter_value_t<iterator>, bool> || std::is_same_v<std::iter_reference_t<iterator>, bool&>,
        "a parallel scan writes from many threads, and the elements of a std::vector<bool> share bytes: use "
        "a std::vector<char>");
    static_assert(
        std::is_assignable_v<std::iter_reference_t<iterator>, const T&>,
        "a parallel scan assigns running totals to what `out` refers to: give it their type, which is that of "
        "`init` or else of the elements");
    return iterator(out);
  }
}

template <scan_kind Kind, class T, executor E, class R, class Op>
[[nodiscard]] std::vector<T> scan_to_vector(E& on, R& xs, base::accumulator<T>& init, const Op& op) {
  static_assert(is_scan_finite<R>() && is_scannable<T, Op, scan_element_t<R>>());
  base::indexed_range<R> elements(xs);
  map_slots<T> totals(elements.size());
  scan_elements<Kind>(
      on, elements, init, op,
      [&totals]<class V>(std::uint64_t index, V&& total) {
        totals.fill(index, [&total]() -> V&& { return std::forward<V>(total); });
      },
      where_written::elsewhere);
  return totals.take();
}

template <scan_kind Kind, class T, executor E, class R, class Out, class Op>
auto scan_to(E& on, R& xs, Out&& out, base::accumulator<T>& init, const Op& op) {
  static_assert(is_scan_finite<R>() && is_scannable<T, Op, scan_element_t<R>>());
  base::indexed_range<R> elements(xs);
  const auto first = scan_target<T>(std::forward<Out>(out), elements.size());
  using difference = std::iter_difference_t<std::remove_const_t<decltype(first)>>;
  scan_elements<Kind>(
      on, elements, init, op,
      [&first]<class V>(std::uint64_t index, V&& total) {
        first[static_cast<difference>(index)] = std::forward<V>(total);
      },
      where_is(xs, first, elements.size()));
  return first + static_cast<difference>(elements.size());
}

/// The running totals of `xs`: the first element, `op` of that and the second, `op` of that and the third, and so on:
/// Python's itertools.accumulate, NumPy's cumsum, std::inclusive_scan. The parts of it are done at the same time: `op`
/// must be associative, and need not be commutative. Totals have the type of the elements.
///
/// The result is the same, to the last bit of a floating-point number, on every executor and any number of threads:
/// what is combined with what depends on the number of elements and the types only.
///
/// `op` is called as const, from many threads, with a total that it may move from and an element or another total:
/// about twice for each element. Arithmetic of the standard on numbers (std::plus, multiplies, bit_and, bit_or,
/// bit_xor, std::ranges::min or max) runs at the speed of memory. Elements may be read more than once. If a call
/// throws, the exception that a sequential loop would have met first is rethrown, as far as that would have made the
/// same call. Without an executor it runs on current_executor().
///
///     std::vector<double> cumulated = heddle::parallel_inclusive_scan(xs, std::plus<>{});
///     std::vector<long> ends = heddle::parallel_inclusive_scan(pool, lengths, std::plus<>{}, 0L);
template <executor E, std::ranges::input_range R, class Op>
[[nodiscard]] auto parallel_inclusive_scan(E&& on, R&& xs, const Op& op) {
  base::accumulator<std::ranges::range_value_t<R>> none;
  return scan_to_vector<scan_kind::inclusive>(on, xs, none, op);
}

/// The same with `init` before the first element. Totals have its type.
template <executor E, std::ranges::input_range R, class Op, class T>
  requires(!scan_output<Op>)
[[nodiscard]] std::vector<T> parallel_inclusive_scan(E&& on, R&& xs, const Op& op, T init) {
  base::accumulator<T> before;
  before.begin(std::move(init));
  return scan_to_vector<scan_kind::inclusive>(on, xs, before, op);
}

/// The same, written to `out`: a random-access iterator, or a range with room for as many totals as there are elements
/// (else throws std::invalid_argument). It may begin where `xs` does, to replace the elements; it must not overlap them
/// otherwise. Returns the iterator behind the last total. If a call throws, some of the totals are written.
///
///     heddle::parallel_inclusive_scan(xs, xs, std::plus<>{});
template <executor E, std::ranges::input_range R, scan_output Out, class Op>
auto parallel_inclusive_scan(E&& on, R&& xs, Out&& out, const Op& op) {
  base::accumulator<std::ranges::range_value_t<R>> none;
  return scan_to<scan_kind::inclusive>(on, xs, std::forward<Out>(out), none, op);
}

template <executor E, std::ranges::input_range R, scan_output Out, class Op, class T>
auto parallel_inclusive_scan(E&& on, R&& xs, Out&& out, const Op& op, T init) {
  base::accumulator<T> before;
  before.begin(std::move(init));
  return scan_to<scan_kind::inclusive>(on, xs, std::forward<Out>(out), before, op);
}

template <std::ranges::input_range R, class Op>
  requires(!executor<R>)
[[nodiscard]] auto parallel_inclusive_scan(R&& xs, const Op& op) {
  return parallel_inclusive_scan(current_executor(), std::forward<R>(xs), op);
}

template <std::ranges::input_range R, class Op, class T>
  requires(!executor<R> && !scan_output<Op>)
[[nodiscard]] std::vector<T> parallel_inclusive_scan(R&& xs, const Op& op, T init) {
  return parallel_inclusive_scan(current_executor(), std::forward<R>(xs), op, std::move(init));
}

template <std::ranges::input_range R, scan_output Out, class Op>
  requires(!executor<R>)
auto parallel_inclusive_scan(R&& xs, Out&& out, const Op& op) {
  return parallel_inclusive_scan(current_executor(), std::forward<R>(xs), std::forward<Out>(out), op);
}

template <std::ranges::input_range R, scan_output Out, class Op, class T>
  requires(!executor<R>)
auto parallel_inclusive_scan(R&& xs, Out&& out, const Op& op, T init) {
  return parallel_inclusive_scan(current_executor(), std::forward<R>(xs), std::forward<Out>(out), op, std::move(init));
}

/// The total of what is before each element: `init` for the first one, `op` of that and the first element for the
/// second, and so on: std::exclusive_scan. Totals have the type of `init`. All else is as parallel_inclusive_scan()
/// says.
///
///     std::vector<std::size_t> offsets = heddle::parallel_exclusive_scan(sizes, std::size_t{0}, std::plus<>{});
template <executor E, std::ranges::input_range R, class T, class Op>
[[nodiscard]] std::vector<T> parallel_exclusive_scan(E&& on, R&& xs, T init, const Op& op) {
  base::accumulator<T> before;
  before.begin(std::move(init));
  return scan_to_vector<scan_kind::exclusive>(on, xs, before, op);
}

template <executor E, std::ranges::input_range R, scan_output Out, class T, class Op>
auto parallel_exclusive_scan(E&& on, R&& xs, Out&& out, T init, const Op& op) {
  base::accumulator<T> before;
  before.begin(std::move(init));
  return scan_to<scan_kind::exclusive>(on, xs, std::forward<Out>(out), before, op);
}

template <std::ranges::input_range R, class T, class Op>
  requires(!executor<R>)
[[nodiscard]] std::vector<T> parallel_exclusive_scan(R&& xs, T init, const Op& op) {
  return parallel_exclusive_scan(current_executor(), std::forward<R>(xs), std::move(init), op);
}

template <std::ranges::input_range R, scan_output Out, class T, class Op>
  requires(!executor<R>)
auto parallel_exclusive_scan(R&& xs, Out&& out, T init, const Op& op) {
  return parallel_exclusive_scan(current_executor(), std::forward<R>(xs), std::forward<Out>(out), std::move(init), op);
}

}  // namespace heddle
