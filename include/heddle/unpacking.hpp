// SPDX-License-Identifier: MIT
// A callable of several arguments as one of their tuple: what starmap() calls.
#pragma once

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include <heddle/bulk.hpp>

namespace heddle {

template <class T>
concept tuple_like = requires { std::tuple_size<std::remove_cvref_t<T>>::value; };

/// What F returns for the elements of an rvalue Tuple; none if it cannot be called with them.
template <class F, class Tuple, class = std::make_index_sequence<std::tuple_size_v<Tuple>>>
struct unpacked_call;
template <class F, class Tuple, std::size_t... Is>
struct unpacked_call<F, Tuple, std::index_sequence<Is...>>
    : std::invoke_result<F, decltype(std::get<Is>(std::declval<Tuple>()))...> {};

template <class F, class Tuple>
concept callable_with_elements_of = requires { typename unpacked_call<F, Tuple>::type; };

template <class F>
struct unpacking {
  [[no_unique_address]] F callable;

  template <class Tuple>
    requires callable_with_elements_of<const F&, Tuple>
  typename unpacked_call<const F&, Tuple>::type operator()(Tuple&& arguments) const {
    return std::apply(callable, std::forward<Tuple>(arguments));
  }
};

/// Whether calls of F can be made of the elements of R's elements; says why not.
template <class F, class R>
consteval bool is_starmappable() {
  static_assert(mappable_range<R> || !mappable_range<F>,
                "starmap() takes the callable first and then the range, and here a range comes first: starmap(f, "
                "tuples)");
  static_assert(mappable_range<R> || mappable_range<F>,
                "starmap() takes tuples from a range, and this argument is none: starmap(f, tuples)");
  if constexpr (mappable_range<R>) {
    static_assert(tuple_like<element_of<R>>,
                  "starmap() calls the callable with the elements of a tuple, and these are none: give it a range of "
                  "tuples, pairs or arrays; for a range of single arguments use map()");
    if constexpr (tuple_like<element_of<R>>) {
      static_assert(callable_with_elements_of<const std::decay_t<F>&, element_of<R>>,
                    "starmap() calls one callable from many threads, as const, with the elements of one tuple as "
                    "arguments: take as many parameters as a tuple has elements, and remove `mutable`; to collect "
                    "something, return it");
    }
  }
  return true;
}

}  // namespace heddle
