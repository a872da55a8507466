// SPDX-License-Identifier: MIT
// submit_after(): calls that run when others are done, a graph of dependencies without a graph.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <tuple>
#include <type_traits>
#include <utility>

#include <heddle/completion/deferred_jobs.hpp>
#include <heddle/completion/dependent.hpp>
#include <heddle/future.hpp>
#include <heddle/future_range.hpp>
#include <heddle/launcher.hpp>
#include <heddle/shared_future.hpp>

namespace heddle {

template <class T>
inline constexpr bool is_duration = false;
template <class Rep, class Period>
inline constexpr bool is_duration<std::chrono::duration<Rep, Period>> = true;

/// Whether it is futures that submit_after() waits for, and not a time.
template <class First, class...>
inline constexpr bool is_after_futures = !is_duration<std::remove_cvref_t<First>>;

template <class T>
using remove_rvalue_reference_t = std::conditional_t<std::is_rvalue_reference_v<T>, std::remove_reference_t<T>, T>;

/// Something that submit_after() waits for: a future that only has to be done, or a range of futures.
template <class Given>
struct ordering {
  static constexpr bool has_known_size = is_future<std::remove_cvref_t<Given>>;
  static_assert(has_known_size || future_range<Given>,
                "submit_after() waits for futures, and ranges of futures, and calls what comes last: "
                "submit_after(a, b, f); to pass other arguments to f, capture them");

  [[nodiscard]] std::size_t size() const {
    if constexpr (has_known_size) {
      return 1;
    } else {
      return static_cast<std::size_t>(std::distance(std::begin(given), std::end(given)));
    }
  }
  [[nodiscard]] std::tuple<> input() const noexcept { return {}; }
  void release() const noexcept {}

  /// Adds the states; throws before the first if one is missing.
  template <class Visit>
  void each_state(const Visit& visit) const {
    if constexpr (has_known_size) {
      visit(future_access::state_of(given));
    } else {
      for (auto at = std::begin(given); at != std::end(given); ++at) {
        visit(future_access::state_of(*future_of_element(*at)));
      }
    }
  }

  std::remove_reference_t<Given>& given;
};

/// A future that is moved in: its value becomes an argument.
template <class T>
struct ordering<future<T>> {
  static constexpr bool has_known_size = true;
  [[nodiscard]] static std::size_t size() noexcept { return 1; }
  [[nodiscard]] auto input() const { return std::tuple<completion::owned_state<T>>(&future_access::state_of(given)); }
  void release() const noexcept { future_access::release(given); }
  template <class Visit>
  void each_state(const Visit& visit) const {
    visit(future_access::state_of(given));
  }
  future<T>& given;
};

/// A shared_future: its value becomes an argument, too, as const.
template <class T>
struct shared_ordering {
  static constexpr bool has_known_size = true;
  [[nodiscard]] static std::size_t size() noexcept { return 1; }
  [[nodiscard]] auto input() const { return std::tuple<shared_parent<T>>(given); }
  void release() const noexcept {}
  template <class Visit>
  void each_state(const Visit& visit) const {
    visit(future_access::state_of(given));
  }
  const shared_future<T>& given;
};
template <class T>
struct ordering<shared_future<T>> : shared_ordering<T> {};
template <class T>
struct ordering<shared_future<T>&> : shared_ordering<T> {};
template <class T>
struct ordering<const shared_future<T>&> : shared_ordering<T> {};
template <class T>
struct ordering<const shared_future<T>> : shared_ordering<T> {};

/// Makes the call of submit_after(), of what it waits for and of its inputs.
template <class Launch, class F, class Inputs, class... Orderings>
class dependent_maker;
template <class Launch, class F, class... Inputs, class... Orderings>
class dependent_maker<Launch, F, std::tuple<Inputs...>, Orderings...> {
  static constexpr bool has_known_size = (Orderings::has_known_size && ...);
  using dependent =
      completion::dependent<F, Launch, has_known_size ? sizeof...(Orderings) : completion::dynamic_count, Inputs...>;

 public:
  template <class Callable>
  static auto make(Launch launch, Callable&& callable, const Orderings&... after) {
    constexpr bool can_call = completion::can_call_with<F, completion::arguments_of<Inputs...>>;
    static_assert(
        can_call,
        "submit_after(futures..., f) calls f with the values of the futures that were moved in or are shared, "
        "in their order, and without those that were only lent; this f cannot be called so");
    if constexpr (can_call) return make_dependent(launch, std::forward<Callable>(callable), after...);
  }

 private:
  template <class Callable>
  static auto make_dependent(Launch launch, Callable&& callable, const Orderings&... after) {
    (after.each_state([](completion::state_base&) {}), ...);
    std::tuple<Inputs...> inputs = std::tuple_cat(after.input()...);
    dependent* made = nullptr;
    try {
      if constexpr (has_known_size) {
        made = new dependent(F(std::forward<Callable>(callable)), launch, inputs);
      } else {
        made = new dependent(F(std::forward<Callable>(callable)), launch, inputs, (after.size() + ... + 0));
      }
    } catch (...) {
      std::apply([](Inputs&... input) { (static_cast<void>(input.give_away()), ...); }, inputs);
      throw;
    }
    auto result = future_access::adopt(made);
    std::uint32_t added = 0;
    std::uint32_t done = 0;
    const auto add = [&](completion::state_base& state) { done += made->add(added++, state) ? 1U : 0U; };
    (after.each_state(add), ...);
    (after.release(), ...);
    made->start(done);
    return result;
  }
};

/// What submit_after() does with the launcher of its executor.
template <class Launch, class... Args>
auto launch_after(Launch launch, Args&&... after_and_callable) {
  auto all = std::forward_as_tuple(std::forward<Args>(after_and_callable)...);
  constexpr std::size_t last = sizeof...(Args) - 1;
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    using given = std::tuple<Args&&...>;
    using F = std::decay_t<std::tuple_element_t<last, given>>;
    using inputs = decltype(std::tuple_cat(
        ordering<remove_rvalue_reference_t<std::tuple_element_t<I, given>>>{std::get<I>(all)}.input()...));
    return dependent_maker<Launch, F, inputs, ordering<remove_rvalue_reference_t<std::tuple_element_t<I, given>>>...>::
        make(launch, std::forward<std::tuple_element_t<last, given>>(std::get<last>(all)),
             ordering<remove_rvalue_reference_t<std::tuple_element_t<I, given>>>{std::get<I>(all)}...);
  }(std::make_index_sequence<last>());
}

/// Runs what is due in the thread that makes it so, as continuations do.
struct launch_here {
  static const queue::job_home* home() noexcept { return nullptr; }
  void operator()(queue::job& due, completion::state_word* waiting) const noexcept {
    if (!waiting->make_pending()) return due.run();  // cancelled: it leaves its queue
    completion::deferred_jobs::run(due);
  }
};

/// Submits `callable` to an executor when all of `after` are done, without blocking anybody meanwhile: futures and
/// ranges of futures, and the callable last. Returns its future at once.
///
/// What is moved in or is a shared_future gives its value to the callable, in order, but for void: `callable(T&&)` or
/// `callable(const T&)`; a future that is lent as an lvalue only has to be done, so that several calls can wait for it,
/// and it may be dropped before. If one of them fails or is cancelled, the call is not made, and its future ends at
/// once as that one did. Throws invalid_state_error for a future without state, and then nothing was submitted. A
/// future exists before what waits for it, so there are no cycles.
///
///     auto a = pool.submit(read_a);
///     auto b = pool.submit(read_b);
///     auto both = pool.submit_after(a, b, [&] { merge(); });
template <class E, class... Args>
auto submit_after(E&& on, Args&&... after_and_callable) {
  static_assert(sizeof...(Args) > 1,
                "submit_after() waits for one future at least, and calls what comes last: "
                "submit_after(pool, a, b, f)");
  if constexpr (!remote_executor<E>) {
    return launch_after(make_launcher(std::forward<E>(on)), std::forward<Args>(after_and_callable)...);
  } else {
    static_assert(std::is_lvalue_reference_v<E>,
                  "submit_after() needs the executor later, and this one ends with the expression: give it a name");
    auto all = std::forward_as_tuple(std::forward<Args>(after_and_callable)...);
    constexpr std::size_t last = sizeof...(Args) - 1;
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      using given = std::tuple<Args&&...>;
      using F = std::decay_t<std::tuple_element_t<last, given>>;
      submission_of_values<std::remove_reference_t<E>, F> submission{
          on.make_ticket(), std::forward<std::tuple_element_t<last, given>>(std::get<last>(all))};
      return launch_after(launch_here(), std::forward<std::tuple_element_t<I, given>>(std::get<I>(all))...,
                          std::move(submission))
          .then([](auto submitted) { return submitted; });
    }(std::make_index_sequence<last>());
  }
}

}  // namespace heddle
