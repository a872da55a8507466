// SPDX-License-Identifier: MIT
// Values that are one behind the other, and always as many: arrays, pairs and tuples.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

#include <heddle/process/bulk.hpp>
#include <heddle/process/codec_of.hpp>

namespace heddle::process {

template <class T>
void encode_array(byte_sink& sink, std::span<const T> values) {
  if constexpr (is_bulk<T>) {
    sink.write(std::as_bytes(values));
  } else {
    for (const T& each : values) codec<T>::encode(sink, each);
  }
}

template <class T>
void decode_array(byte_source& source, std::span<T> values) {
  if constexpr (is_bulk<T>) {
    source.read(std::as_writable_bytes(values));
  } else {
    for (T& each : values) decode_over(source, each);
  }
}

/// Only members of structs are of this type.
template <class T, std::size_t Size>
struct codec<T[Size]> : codec_for<std::remove_cv_t<T>> {
  using element = std::remove_cv_t<T>;

  static constexpr std::size_t min_size() { return Size * codec<element>::min_size(); }
  static void encode(byte_sink& sink, const element (&value)[Size]) {
    encode_array(sink, std::span<const element>(value));
  }
  static void decode_into(byte_source& source, element (&value)[Size]) {
    decode_array(source, std::span<element>(value));
  }
};

template <class T, std::size_t Size>
struct codec<std::array<T, Size>> : codec_for<T> {
  static constexpr std::size_t min_size() { return Size * codec<T>::min_size(); }
  static void encode(byte_sink& sink, const std::array<T, Size>& value) {
    encode_array(sink, std::span<const T>(value));
  }

  static std::array<T, Size> decode(byte_source& source) {
    if constexpr (std::is_default_constructible_v<T> && std::is_move_assignable_v<T>) {
      std::array<T, Size> value;
      decode_array(source, std::span<T>(value));
      return value;
    } else {
      return [&source]<std::size_t... I>(std::index_sequence<I...>) {
        return std::array<T, Size>{{(static_cast<void>(I), codec<T>::decode(source))...}};
      }(std::make_index_sequence<Size>());
    }
  }
};

template <class First, class Second>
struct codec<std::pair<First, Second>> : codec_for<std::remove_cv_t<First>, std::remove_cv_t<Second>> {
  using first_codec = codec<std::remove_cv_t<First>>;
  using second_codec = codec<std::remove_cv_t<Second>>;

  static constexpr std::size_t min_size() { return first_codec::min_size() + second_codec::min_size(); }
  static void encode(byte_sink& sink, const std::pair<First, Second>& value) {
    first_codec::encode(sink, value.first);
    second_codec::encode(sink, value.second);
  }
  static std::pair<First, Second> decode(byte_source& source) {
    return std::pair<First, Second>{first_codec::decode(source), second_codec::decode(source)};
  }
};

template <class... Ts>
struct codec<std::tuple<Ts...>> : codec_for<std::remove_cv_t<Ts>...> {
  static constexpr std::size_t min_size() { return (std::size_t{0} + ... + codec<std::remove_cv_t<Ts>>::min_size()); }
  static void encode([[maybe_unused]] byte_sink& sink, const std::tuple<Ts...>& value) {
    std::apply([&](const Ts&... each) { (codec<std::remove_cv_t<Ts>>::encode(sink, each), ...); }, value);
  }
  static std::tuple<Ts...> decode([[maybe_unused]] byte_source& source) {
    return std::tuple<Ts...>{codec<std::remove_cv_t<Ts>>::decode(source)...};  // in this order, since in braces
  }
};

}  // namespace heddle::process
