// SPDX-License-Identifier: MIT
// What an executor is, and map() on top of it.
#pragma once

#include <concepts>
#include <cstddef>
#include <iterator>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <heddle/base/outcome.hpp>
#include <heddle/base/shared_value.hpp>
#include <heddle/completion/task.hpp>
#include <heddle/future.hpp>

namespace heddle {

/// Something that runs calls: `submit(f)` gives the future of f's result, `post(f)` gives nothing, `max_workers()` says
/// how many calls run at a time. Every function of heddle that runs your code takes one as an optional first argument.
///
/// For executors of your own: a call whose future was cancelled must not run. One that completes a heddle::promise asks
/// `set_running_or_notify_cancel()` before it runs the call.
template <class E>
concept executor = requires(std::remove_reference_t<E>& pool, void (*call)()) {
  { pool.submit(call) } -> std::same_as<future<void>>;
  pool.post(call);
  { pool.max_workers() } -> std::convertible_to<std::size_t>;
};

/// What shutdown() does with calls that have not begun.
enum class pending_jobs { finish, cancel };

/// Whether shutdown() returns when the workers have ended, or at once.
enum class join_workers { yes, no };

/// What map() can take values from: anything with begin() and end(), infinite ranges too if another one is finite.
template <class R>
concept mappable_range = requires(R& range) {
  std::begin(range);
  std::begin(range) != std::end(range);
  *std::begin(range);
};

template <class R>
using iterator_of = decltype(std::begin(std::declval<R&>()));

/// What a task gets of an element: a copy (a move where the iterator yields rvalues), since the task outlives the call.
template <class R>
using element_of = std::iter_value_t<iterator_of<R>>;

/// The results of map(), in the order of the input. A single-pass range: reading an element waits for it and throws
/// what its call threw; going on after that reads the next one. Destroying it cancels the calls that were not read and
/// have not begun.
template <class T>
class map_results {
 public:
  explicit map_results(std::vector<future<T>> futures) noexcept : futures_(std::move(futures)) {}
  map_results(map_results&& other) noexcept
      : futures_(std::move(other.futures_)), next_(std::exchange(other.next_, 0)) {}
  map_results& operator=(map_results&& other) noexcept {
    map_results(std::move(other)).swap(*this);
    return *this;
  }
  ~map_results() { cancel_unread(); }

  void swap(map_results& other) noexcept {
    futures_.swap(other.futures_);
    std::swap(next_, other.next_);
  }

  class iterator {
   public:
    using difference_type = std::ptrdiff_t;
    using value_type = std::conditional_t<std::is_void_v<T>, base::nothing, std::remove_cvref_t<T>>;
    using iterator_concept = std::input_iterator_tag;

    /// The result, which stays until the iterator moves on. An empty struct where the calls return void.
    decltype(auto) operator*() const {
      if constexpr (std::is_void_v<T>) {
        current().result();
        return base::nothing{};
      } else {
        return current().result();
      }
    }
    iterator& operator++() {
      current() = future<T>();
      ++results_->next_;
      return *this;
    }
    void operator++(int) { ++*this; }
    [[nodiscard]] bool operator==(std::default_sentinel_t) const noexcept {
      return results_->next_ == results_->futures_.size();
    }

   private:
    friend class map_results;
    explicit iterator(map_results& results) noexcept : results_(&results) {}
    [[nodiscard]] future<T>& current() const noexcept { return results_->futures_[results_->next_]; }
    map_results* results_;
  };

  [[nodiscard]] iterator begin() noexcept { return iterator(*this); }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

  /// How many results have not been read yet.
  [[nodiscard]] std::size_t size() const noexcept { return futures_.size() - next_; }

 private:
  void cancel_unread() noexcept {
    for (; next_ < futures_.size(); ++next_) {
      if (futures_[next_].valid()) futures_[next_].cancel();
    }
  }

  std::vector<future<T>> futures_;
  std::size_t next_ = 0;
};

template <class F, class... Rs>
using map_result_t = completion::task_result_t<std::invoke_result_t<const F&, element_of<Rs>...>>;

/// Whether calls of F can be made of the elements of Rs; says why not.
template <class F, class... Rs>
consteval bool is_mappable() {
  static_assert(sizeof...(Rs) > 0,
                "map(), submit_bulk() and post_bulk() make a call for each element, and each needs a range to take "
                "values from: map(f, xs...)");
  static_assert(std::is_invocable_v<const std::decay_t<F>&, element_of<Rs>...>,
                "map(), submit_bulk() and post_bulk() call one callable from many threads, as const, with one element "
                "of each range as arguments: take as many parameters as there are ranges, and remove `mutable`; to "
                "collect something, return it");
  static_assert((std::is_constructible_v<element_of<Rs>, decltype(*std::begin(std::declval<Rs&>()))> && ...),
                "map(), submit_bulk() and post_bulk() copy the elements into their tasks, and these cannot be copied: "
                "move them in by a range of rvalues (std::move_iterator), or map over pointers or indices");
  return true;
}

/// Calls `take(call)` for the elements of `ranges` taken together, up to the end of the shortest; `call()` is then
/// `callable` of these, which it owns.
template <class F, class Take, class... Rs>
void make_calls(const base::shared_value<const F>& callable, const Take& take, Rs&... ranges) {
  [&](auto... at) {
    for (; ((at.first != at.second) && ...); (static_cast<void>(++at.first), ...)) {
      take([callable, elements = std::tuple<element_of<Rs>...>(*at.first...)]() mutable -> map_result_t<F, Rs...> {
        return std::apply(*callable, std::move(elements));
      });
    }
  }(std::pair(std::begin(ranges), std::end(ranges))...);
}

/// How many calls that will be, if each range knows its size; else 0.
template <class... Rs>
[[nodiscard]] std::size_t known_number_of_calls(Rs&... ranges) {
  if constexpr ((std::sized_sentinel_for<decltype(std::end(ranges)), iterator_of<Rs>> && ...)) {
    std::size_t least = static_cast<std::size_t>(-1);
    const auto note = [&least](std::size_t size) { least = size < least ? size : least; };
    (note(static_cast<std::size_t>(std::end(ranges) - std::begin(ranges))), ...);
    return least;
  } else {
    return 0;
  }
}

/// Whether an executor takes many calls at once.
template <class E, class F, class... Rs>
concept bulk_executor_for =
    requires(E& on, F&& callable, Rs&... ranges) { on.submit_bulk(std::forward<F>(callable), ranges...); };

/// Submits `callable(x, y, ...)` for the elements of `ranges` taken together, up to the end of the shortest, before it
/// returns; the results are read lazily, in order. Python: Executor.map.
///
/// The callable is taken once, shared by all calls and called as const. Elements are copied into the calls, or moved
/// where the range yields rvalues. Throws what submit() throws; calls already submitted are then cancelled. Where the
/// executor has a submit_bulk() and the elements are there already, so to speak (forward ranges), they are submitted
/// together.
///
///     for (int length : heddle::map(pool, [](const std::string& s) { return int(s.size()); }, names)) { ... }
template <executor E, class F, mappable_range... Rs>
[[nodiscard]] auto map(E&& on, F&& callable, Rs&&... ranges) {
  static_assert(is_mappable<F, Rs...>());
  using Callable = std::decay_t<F>;
  using Result = map_result_t<Callable, Rs...>;
  if constexpr (bulk_executor_for<E, F, Rs...> && (std::forward_iterator<iterator_of<Rs>> && ...)) {
    return map_results<Result>(on.submit_bulk(std::forward<F>(callable), ranges...));
  } else {
    const base::shared_value<const Callable> shared(std::in_place, std::forward<F>(callable));
    std::vector<future<Result>> futures;
    try {
      make_calls(
          shared,
          [&](auto&& call) {
            future<Result>& next = futures.emplace_back();  // the room first: without it no call could be cancelled
            next = on.submit(std::forward<decltype(call)>(call));
          },
          ranges...);
    } catch (...) {
      const map_results<Result> cancelled(std::move(futures));
      throw;
    }
    return map_results<Result>(std::move(futures));
  }
}

}  // namespace heddle
