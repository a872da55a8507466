// SPDX-License-Identifier: MIT
// How a callable can be sent to another process, if it can.
#pragma once

#include <type_traits>

#include <heddle/by_value.hpp>
#include <heddle/partial.hpp>
#include <heddle/unpacking.hpp>

namespace heddle {

/// What is sent of a callable.
enum class callable_kind {
  captureless,       ///< its type
  function_pointer,  ///< its type, and the id of the function
  partial,           ///< its type, and its values; the id of the function if that is a pointer
  by_value,          ///< its type, and its bytes
  cannot_travel,
};

/// Of a callable of type `F`, which is no reference.
template <class F>
inline constexpr callable_kind kind_of_callable = captureless<F>        ? callable_kind::captureless
                                                  : function_pointer<F> ? callable_kind::function_pointer
                                                                        : callable_kind::cannot_travel;
template <class F>
inline constexpr callable_kind kind_of_callable<const F> = kind_of_callable<F>;
template <class F, class... Values>
inline constexpr callable_kind kind_of_callable<partial_call<F, Values...>> = callable_kind::partial;
template <class F>
inline constexpr callable_kind kind_of_callable<by_value_call<F>> = callable_kind::by_value;

template <class F>
inline constexpr callable_kind kind_of_callable<unpacking<F>> = kind_of_callable<F>;

/// A callable that can be called in another process. Whether the values of a partial can be sent is not asked here.
template <class F>
concept travelling_callable = kind_of_callable<std::decay_t<F>> != callable_kind::cannot_travel;

/// False for a callable that cannot be sent, and the compiler says what to write instead.
template <class F>
inline constexpr bool callable_must_travel = [] {
  static_assert(!std::is_member_pointer_v<std::decay_t<F>>,
                "a pointer to a member does not mean the same in another process: write "
                "[](const T& object) { return object.f(); } for &T::f");
  static_assert(travelling_callable<F> || std::is_member_pointer_v<std::decay_t<F>>,
                "this callable holds state, which another process does not have: give what it captures as values, "
                "pool.submit(heddle::partial([](int n, int x) { return n + x; }, n), 1) instead of "
                "pool.submit([n](int x) { return n + x; }, 1), and write [] where nothing is captured, not [&] or [=]; "
                "for a class write a constructor without parameters");
  return true;
}();

}  // namespace heddle
