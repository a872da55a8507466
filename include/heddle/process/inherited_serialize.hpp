// SPDX-License-Identifier: MIT
// Whether the serialize function that is found for a class is that of a base class, which does not know all of it.
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>

#include <heddle/process/access.hpp>

namespace heddle::process {

/// `T`, and so many bytes more.
template <class T, std::size_t More>
struct followed_by : T {
  char more[More];
};
template <class T, std::size_t More>
  requires(std::is_final_v<T>)
struct followed_by<T, More> {
  [[no_unique_address]] T value;
  char more[More];
};

/// How many bytes a class derived from `T` may put behind its members without being larger.
template <class T, std::size_t More = alignof(T) < 64 ? alignof(T) : 64>
consteval std::size_t bytes_left() {
  if constexpr (sizeof(followed_by<T, More>) == sizeof(T))
    return More;
  else if constexpr (More > 1)
    return bytes_left<T, More - 1>();
  else
    return 0;
}

/// A class that is derived from `Base` has members that `Base` lacks.
template <class T, class Base>
concept adds_to = !std::same_as<T, Base> && (sizeof(Base) < sizeof(T) || bytes_left<T>() < bytes_left<Base>());

/// For a function that takes a base class which has all that `T` has. Never evaluated.
template <class T>
struct any_base_with_all {
  template <class Base>
    requires(std::derived_from<T, Base> && !std::same_as<T, Base> && !adds_to<T, Base>)
  operator Base&() const;  // NOLINT(google-explicit-constructor): that is its purpose
};

/// Functions that are chosen for a `T` before those that take a base class, and after those that take a `T`.
namespace before_those_of_bases {

struct chosen {};
template <class T>
chosen serialize(input_archive& archive, const T& value);
template <class T>
chosen load(input_archive& archive, const T& value);

template <class T>
concept in_serialize = requires(input_archive& in, T& value) {
  { serialize(in, value) } -> std::same_as<chosen>;
};
template <class T>
concept in_load = requires(input_archive& in, T& value) {
  { load(in, value) } -> std::same_as<chosen>;
};

}  // namespace before_those_of_bases

template <class T>
consteval bool finds_inherited_serialize() {
  if constexpr (has_adapter<T>) {
    return false;
  } else if constexpr (has_member_serialize<T>) {
    if constexpr (requires { access::serializer<T, output_archive>(); })
      return adds_to<T, decltype(access::serializer<T, output_archive>())>;
    else
      return false;
  } else if constexpr (has_member_save<T>) {
    if constexpr (requires { access::saver<T, output_archive>(); })
      return adds_to<T, decltype(access::saver<T, output_archive>())>;
    else
      return false;
  } else if constexpr (has_free_serialize<T>) {
    return before_those_of_bases::in_serialize<T> &&
           !requires(input_archive& in, any_base_with_all<T> base) { serialize(in, base); };
  } else {
    return has_free_save<T> && before_those_of_bases::in_load<T> &&
           !requires(input_archive& in, any_base_with_all<T> base) { load(in, base); };
  }
}

/// Its serialize is a base class's, and it has members that the base class lacks.
template <class T>
concept inherits_serialize = finds_inherited_serialize<T>();

}  // namespace heddle::process
