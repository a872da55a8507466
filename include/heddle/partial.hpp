// SPDX-License-Identifier: MIT
// A callable with its first arguments: Python's functools.partial.
#pragma once

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

namespace heddle {

/// A function object that any process of a program can make anew: without captures, or a class without members.
template <class F>
concept captureless = std::is_class_v<F> && std::is_empty_v<F> && std::is_default_constructible_v<F>;

/// A pointer to a function, not to a member.
template <class F>
concept function_pointer = std::is_pointer_v<F> && std::is_function_v<std::remove_pointer_t<F>>;

/// The parameters of a callable that has one list of them.
template <class F>
struct parameters_of {};
template <class R, class... Args>
struct parameters_of<R (*)(Args...)> {
  using type = std::tuple<Args...>;
};
template <class R, class... Args>
struct parameters_of<R (*)(Args...) noexcept> : parameters_of<R (*)(Args...)> {};
template <class R, class C, class... Args>
struct parameters_of<R (C::*)(Args...)> : parameters_of<R (*)(Args...)> {};
template <class R, class C, class... Args>
struct parameters_of<R (C::*)(Args...) const> : parameters_of<R (*)(Args...)> {};
template <class R, class C, class... Args>
struct parameters_of<R (C::*)(Args...) noexcept> : parameters_of<R (*)(Args...)> {};
template <class R, class C, class... Args>
struct parameters_of<R (C::*)(Args...) const noexcept> : parameters_of<R (*)(Args...)> {};
template <class F>
  requires requires { &F::operator(); }
struct parameters_of<F> : parameters_of<decltype(&F::operator())> {};

/// Whether values of these types may be the first arguments of `F`. True where only the call can tell, as of a generic
/// lambda.
template <class F, class... Values>
inline constexpr bool takes_first = true;
template <class F, class... Values>
  requires requires { typename parameters_of<F>::type; }
inline constexpr bool takes_first<F, Values...> = [] {
  using parameters = typename parameters_of<F>::type;
  if constexpr (sizeof...(Values) > std::tuple_size_v<parameters>) {
    return false;
  } else {
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return ((std::is_convertible_v<const Values&, std::tuple_element_t<I, parameters>> ||
               std::is_convertible_v<Values, std::tuple_element_t<I, parameters>>) &&
              ...);
    }(std::index_sequence_for<Values...>());
  }
}();

/// What partial() makes. Different threads may call one at the same time if they may read its values at the same time.
template <class F, class... Values>
class partial_call {
 public:
  constexpr partial_call(F called, std::tuple<Values...> first)
      : function_(std::move(called)), values_(std::move(first)) {}

  /// Calls the function with the values, which it cannot change, and then `args`.
  template <class... Args>
    requires std::is_invocable_v<F&, const Values&..., Args...>
  constexpr decltype(auto) operator()(Args&&... args) const& {
    return std::apply(
        [&](const Values&... first) -> decltype(auto) {
          F called(function_);  // at no cost, and its operator() need not be const
          return called(first..., std::forward<Args>(args)...);
        },
        values_);
  }

  /// The same, for the last time: the values are moved into the call.
  template <class... Args>
    requires std::is_invocable_v<F&, Values..., Args...>
  constexpr decltype(auto) operator()(Args&&... args) && {
    return std::apply(
        [&](Values&... first) -> decltype(auto) { return function_(std::move(first)..., std::forward<Args>(args)...); },
        values_);
  }

  [[nodiscard]] constexpr const F& function() const noexcept { return function_; }
  [[nodiscard]] constexpr const std::tuple<Values...>& values() const& noexcept { return values_; }
  [[nodiscard]] constexpr std::tuple<Values...>&& values() && noexcept { return std::move(values_); }

  /// Calls `visit(value)` for each value, in order.
  template <class Visitor>
  constexpr void for_each_value(Visitor&& visit) const {
    std::apply([&](const Values&... each) { (static_cast<void>(visit(each)), ...); }, values_);
  }

 private:
  [[no_unique_address]] F function_;
  [[no_unique_address]] std::tuple<Values...> values_;
};

/// A callable that calls `function(values..., args...)` when it is called with `args...`. Python: functools.partial.
///
///     auto scaled = pool.submit(heddle::partial([](double factor, double x) { return factor * x; }, 0.5), 42.0);
///
/// It does what a capture does, and can be sent to another process as well, since its values have types that can be
/// looked at. So `function` is one without captures, or a pointer to a function; the values are copied unless they are
/// moved in, and those of a call that takes a stop_token come before it. A partial of a partial is one with the values
/// of both.
template <class F, class... Values>
[[nodiscard]] constexpr auto partial(F&& function, Values&&... values) {
  using callable = std::decay_t<F>;
  static_assert(captureless<callable> || function_pointer<callable>,
                "what partial() calls holds no state itself, so that it can be called in another process: give what it "
                "captures as values, partial([](int n, int x) { return n + x; }, n) instead of "
                "[n](int x) { return n + x; }, and write [] where nothing is captured, not [&] or [=]");
  static_assert((std::is_constructible_v<std::decay_t<Values>, Values> && ...),
                "partial() copies its values unless they are moved in, and one of these cannot be copied: write "
                "std::move(x)");
  static_assert(takes_first<callable, std::decay_t<Values>...>,
                "the values that partial() is given are the first arguments of its function: this function takes "
                "fewer parameters than there are values, or one that its value does not convert to; let it take values "
                "or references to const");
  return partial_call<callable, std::decay_t<Values>...>(
      std::forward<F>(function), std::tuple<std::decay_t<Values>...>(std::forward<Values>(values)...));
}

template <class T>
inline constexpr bool is_partial = false;
template <class F, class... Values>
inline constexpr bool is_partial<partial_call<F, Values...>> = true;

/// Of a partial: the function is called with its values first, and then with these.
template <class Partial, class... Values>
  requires is_partial<std::decay_t<Partial>>
[[nodiscard]] constexpr auto partial(Partial&& inner, Values&&... values) {
  return std::apply(
      [&](auto&&... first) {
        return partial(inner.function(), std::forward<decltype(first)>(first)..., std::forward<Values>(values)...);
      },
      std::forward<Partial>(inner).values());
}

}  // namespace heddle
