// SPDX-License-Identifier: MIT
// What a codec of a type is, and whether a type has one.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <heddle/process/byte_sink.hpp>
#include <heddle/process/byte_source.hpp>
#include <heddle/process/obstacle.hpp>

namespace heddle::process {

template <class... Ts>
struct type_list {};

/// How a `T` becomes bytes and is made again from them; `T` is neither const nor a reference. A specialisation derives
/// from `codec_for<Parts...>` and has
///
///     static constexpr std::size_t min_size();              // the fewest bytes that a T takes
///     static void encode(byte_sink& sink, const T& value);
///     static T decode(byte_source& source);                 // checks everything
///     static void decode_into(byte_source& source, T&);     // only where that is better than to assign
///
/// The general template is for classes, in class_codec.hpp.
template <class T>
struct codec;

/// `Parts` are the types whose codecs this one uses: all of them must be able to travel, too.
template <class... Parts>
struct codec_for {
  using parts = type_list<Parts...>;
  static constexpr obstacle why = obstacle::none;
};

/// The first obstacle of `T` and its parts. A type that is being looked at already, since it contains itself, is none.
template <class T, class... Seen>
struct obstacle_search {
  template <class... Parts>
  static consteval obstacle among(type_list<Parts...>) {
    obstacle found = obstacle::none;
    static_cast<void>((((found = obstacle_search<Parts, T, Seen...>::find()) != obstacle::none) || ...));
    return found;
  }

  static consteval obstacle find() {
    if constexpr ((std::same_as<T, Seen> || ...)) {
      return obstacle::none;
    } else if constexpr (codec<T>::why != obstacle::none) {
      return codec<T>::why;
    } else {
      return among(typename codec<T>::parts{});
    }
  }

  template <class... Parts>
  static consteval bool explain_among(type_list<Parts...>) {
    return (obstacle_search<Parts, T, Seen...>::explain_all() && ...);
  }

  /// As find(), but fails to compile at the part that is the obstacle, so that its name is in the message.
  static consteval bool explain_all() {
    if constexpr ((std::same_as<T, Seen> || ...)) {
      return true;
    } else if constexpr (codec<T>::why != obstacle::none) {
      return explain<T, codec<T>::why>::ok;
    } else {
      return explain_among(typename codec<T>::parts{});
    }
  }
};

/// Values of `T` can be sent to another process and come back. References and views cannot: see argument.hpp. A class
/// with a serialize function counts as one that can; what its function names is checked when it is compiled.
template <class T>
concept can_travel = obstacle_search<std::remove_cv_t<T>>::find() == obstacle::none;

/// Fails to compile, and says why and what to write instead, where a `T` cannot travel.
template <class T>
inline constexpr bool must_travel = obstacle_search<std::remove_cv_t<T>>::explain_all();

/// What an element of a container takes at least: nothing would let a message of no length announce any number.
template <class T>
[[nodiscard]] constexpr std::size_t min_element_size() {
  return codec<T>::min_size() == 0 ? 1 : codec<T>::min_size();
}

/// One element of a container.
template <class T>
void encode_element(byte_sink& sink, const T& value) {
  if constexpr (codec<T>::min_size() == 0) sink.put(std::uint8_t{0});
  codec<T>::encode(sink, value);
}

template <class T>
[[nodiscard]] T decode_element(byte_source& source) {
  if constexpr (codec<T>::min_size() == 0) static_cast<void>(source.get<std::uint8_t>());
  return codec<T>::decode(source);
}

/// Replaces what `value` holds.
template <class T>
void decode_over(byte_source& source, T& value) {
  if constexpr (requires { codec<T>::decode_into(source, value); }) {
    codec<T>::decode_into(source, value);
  } else {
    value = codec<T>::decode(source);
  }
}

/// Converts to the decoded value where one is constructed from it: for types that cannot be moved.
template <class T, T (*Decode)(byte_source&)>
struct decoded_in_place {
  byte_source& source;
  operator T() const { return Decode(source); }  // NOLINT(google-explicit-constructor): that is its purpose
};
template <class T>
using element_in_place = decoded_in_place<T, &decode_element<T>>;

}  // namespace heddle::process
