// SPDX-License-Identifier: MIT
// The members of a struct, found by structured bindings.
#pragma once

#include <concepts>
#include <cstddef>
#include <exception>
#include <type_traits>
#include <utility>

namespace heddle::process {

inline constexpr std::size_t max_members = 16;
inline constexpr std::size_t members_unknown = std::size_t(-1);

/// Stands for an initialiser of any type, in expressions that are never evaluated (but compilers warn of what is not
/// defined).
template <class Owner>
struct any_initialiser {
  template <class T>
    requires(!std::same_as<T, Owner>)
  operator T() const noexcept {
    std::terminate();
  }  // NOLINT(google-explicit-constructor): that is its purpose
};

/// Stands for an initialiser of any base class of `Owner`.
template <class Owner>
struct base_initialiser {
  template <class T>
    requires(std::is_base_of_v<T, Owner> && !std::same_as<T, Owner>)
  operator T() const noexcept {
    std::terminate();
  }  // NOLINT(google-explicit-constructor): that is its purpose
};

/// `T{x, x, {x, x}, x}`: `Before` initialisers, `Inside` in braces of their own if not zero, and `Behind`.
template <class T, std::size_t Before, std::size_t Inside, std::size_t Behind>
consteval bool takes_initialisers() {
  using x = any_initialiser<T>;
  return []<std::size_t... B, std::size_t... I, std::size_t... E>(std::index_sequence<B...>, std::index_sequence<I...>,
                                                                  std::index_sequence<E...>) {
    if constexpr (Inside == 0) {
      return requires { T{(static_cast<void>(B), x())..., (static_cast<void>(E), x())...}; };
    } else {
      return requires {
        T{(static_cast<void>(B), x())..., {(static_cast<void>(I), x())...}, (static_cast<void>(E), x())...};
      };
    }
  }(std::make_index_sequence<Before>(), std::make_index_sequence<Inside>(), std::make_index_sequence<Behind>());
}

/// The most initialisers, `Most` or fewer, that a `T` takes. An element of an array takes one of its own.
template <class T, std::size_t Most>
consteval std::size_t count_initialisers() {
  if constexpr (takes_initialisers<T, Most, 0, 0>()) {
    return Most;
  } else if constexpr (Most != 0) {
    return count_initialisers<T, Most - 1>();
  } else {
    return members_unknown;
  }
}

/// How many of the initialisers from number `At` on belong to one member: more than one if it is an array. `Count` is
/// the number of all of them; `Tried` may belong together.
template <class T, std::size_t Count, std::size_t At, std::size_t Tried>
consteval std::size_t initialisers_of_member() {
  if constexpr (Tried <= 1) {
    return 1;
  } else if constexpr (takes_initialisers<T, At, Tried, Count - At - Tried>() &&
                       !takes_initialisers<T, At, Tried, Count - At - Tried + 1>()) {
    return Tried;
  } else {
    return initialisers_of_member<T, Count, At, Tried - 1>();
  }
}

template <class T, std::size_t Count, std::size_t At = 0>
consteval std::size_t count_members_from() {
  if constexpr (At == Count) {
    return 0;
  } else {
    return 1 + count_members_from<T, Count, At + initialisers_of_member<T, Count, At, Count - At>()>();
  }
}

/// More initialisers than this are not looked for: what has an array of more elements needs a serialize function.
inline constexpr std::size_t max_initialisers = 72;

/// The number of members of an aggregate; `members_unknown` if it cannot be told.
template <class T>
consteval std::size_t count_members() {
  if constexpr (!takes_initialisers<T, max_members + 1, 0, 0>()) {
    constexpr std::size_t count = count_initialisers<T, max_members>();
    if constexpr (count == members_unknown)
      return members_unknown;
    else
      return count_members_from<T, count>();
  } else {
    constexpr std::size_t count = count_initialisers<T, max_initialisers>();
    return count == max_initialisers ? members_unknown : count_members_from<T, count>();
  }
}

template <class T>
concept has_base_class = requires { T{base_initialiser<T>()}; };

}  // namespace heddle::process
