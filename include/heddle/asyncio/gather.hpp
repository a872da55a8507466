// SPDX-License-Identifier: MIT
// gather(): runs several coroutines beside each other and awaits them all.
#pragma once

#include <array>
#include <cstddef>
#include <iterator>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <heddle/asyncio/as_task.hpp>
#include <heddle/asyncio/create_task.hpp>
#include <heddle/asyncio/gather_wait.hpp>
#include <heddle/asyncio/task_handle.hpp>
#include <heddle/asyncio/task_state.hpp>
#include <heddle/base/outcome.hpp>

namespace heddle::asyncio {

/// The result of a child, as it stands in the tuple: an empty struct for void.
template <class T>
using gathered_t = std::conditional_t<std::is_void_v<T>, base::nothing, T>;

template <class T>
gathered_t<T> take_result(gather_child& from) {
  coro::result<T>& result = static_cast<task_state<T>&>(from.task()).result();
  if constexpr (std::is_void_v<T>) {
    result.get();
    return {};
  } else {
    return result.take();
  }
}

/// The results of children whose types are known one by one.
template <class... Ts>
struct gathered_tuple {
  using children = std::array<gather_child, sizeof...(Ts)>;
  using results = std::tuple<gathered_t<Ts>...>;

  static results take(children& ended) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return results{take_result<Ts>(ended[I])...};
    }(std::index_sequence_for<Ts...>{});
  }

  static void rethrow(children& all, const gather_child* failed) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (static_cast<void>(&all[I] == failed && (static_cast<void>(take_result<Ts>(all[I])), true)), ...);
    }(std::index_sequence_for<Ts...>{});
  }
};

/// The results of any number of children of one type.
template <class T>
struct gathered_vector {
  static_assert(
      !std::is_reference_v<T>,
      "gather() puts the results of a range of tasks into a std::vector, which cannot hold references: let the "
      "tasks return pointers, or give them to gather() one by one");

  using children = std::vector<gather_child>;
  using results =
      std::conditional_t<std::is_void_v<T>, void, std::vector<std::conditional_t<std::is_void_v<T>, int, T>>>;

  static results take(children& ended) {
    if constexpr (!std::is_void_v<T>) {
      results taken;
      taken.reserve(ended.size());
      for (gather_child& child : ended) taken.push_back(take_result<T>(child));
      return taken;
    }
  }

  static void rethrow(children&, gather_child* failed) { take_result<T>(*failed); }
};

template <class Gathered>
class gather_awaiter final : public gather_wait {
 public:
  explicit gather_awaiter(typename Gathered::children&& started) noexcept : children_(std::move(started)) {
    watch(children_.data(), children_.size());
  }

  typename Gathered::results await_resume() {
    throw_if_cancelled_and_none_failed();
    if (failed() != nullptr) Gathered::rethrow(children_, failed());
    return Gathered::take(children_);
  }

 private:
  typename Gathered::children children_;
};

/// What gather() returns; to be awaited once: `co_await std::move(g)` if it has a name.
template <class Gathered>
class [[nodiscard]] gather_awaitable {
 public:
  explicit gather_awaitable(typename Gathered::children&& started) noexcept : children_(std::move(started)) {}
  auto operator co_await() && noexcept { return gather_awaiter<Gathered>(std::move(children_)); }

 private:
  typename Gathered::children children_;
};

/// The task of `given`, running: an rvalue handle's own, else a new one.
template <class A>
[[nodiscard]] gather_child start_child(A&& given) {
  if constexpr (is_task_handle<A>) {
    return gather_child(task_access::release(std::forward<A>(given)));
  } else {
    return gather_child(task_access::release(create_task(std::forward<A>(given))));
  }
}

template <class Range>
concept gatherable_range = requires(Range& range) { std::begin(range) != std::end(range); };

/// True for an rvalue of a container that owns its elements: a view gives access to others' elements, const or not.
template <class Range>
concept gives_away_elements =
    !std::is_lvalue_reference_v<Range> &&
    std::is_const_v<std::remove_reference_t<decltype(*std::begin(std::declval<const Range&>()))>>;

/// Runs coroutines beside each other, from the next turn of the loop on, and awaits them all. Gives their results in
/// the order of the arguments: of several a tuple, in which void results are empty structs, of a range a vector, or
/// nothing if they are void.
///
///     auto [user, orders] = co_await asyncio::gather(fetch_user(id), fetch_orders(id));
///
///     std::vector<asyncio::task<page>> downloads = ...;
///     std::vector<page> pages = co_await asyncio::gather(std::move(downloads));
///
/// Takes what create_task() takes. Handles and futures may be lvalues: their results are then copied; an lvalue future
/// must live until it is done. The first exception is thrown at once, and **the other tasks run on**: they must not
/// refer to what its way up destroys. What they throw later is reported on the standard error stream. Cancelling the
/// awaiting task cancels all of them, and goes on when all have ended.
///
/// Throws invalid_state_error if no loop runs in this thread.
template <class... As>
  requires(!(sizeof...(As) == 1 && (gatherable_range<As> && ...)))
[[nodiscard]] auto gather(As&&... given) {
  using Gathered = gathered_tuple<typename as_task_t<As>::value_type...>;
  return gather_awaitable<Gathered>({start_child(std::forward<As>(given))...});
}

template <gatherable_range Range>
[[nodiscard]] auto gather(Range&& given) {
  using Element = decltype(*std::begin(given));
  using Given = std::conditional_t<gives_away_elements<Range>, std::remove_reference_t<Element>, Element>&&;
  using Gathered = gathered_vector<typename as_task_t<Given>::value_type>;
  typename Gathered::children started;
  if constexpr (requires { std::size(given); }) started.reserve(std::size(given));
  for (auto&& element : given) started.push_back(start_child(static_cast<Given>(element)));
  return gather_awaitable<Gathered>(std::move(started));
}

}  // namespace heddle::asyncio
