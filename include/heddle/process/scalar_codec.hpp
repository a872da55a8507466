// SPDX-License-Identifier: MIT
// Numbers, bool, enums: what a processor knows of.
#pragma once

#include <cfloat>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <utility>

#include <heddle/process/codec_of.hpp>

namespace heddle::process {

/// An x87 number of 10 bytes lies in 12 or 16, and what is in the others is nobody's business.
inline constexpr std::size_t long_double_size = LDBL_MANT_DIG == 64 ? 10 : sizeof(long double);

template <class T>
  requires(std::is_arithmetic_v<T> && !std::is_same_v<T, long double>)
struct codec<T> : codec_for<> {
  static constexpr std::size_t min_size() { return sizeof(T); }
  static void encode(byte_sink& sink, T value) { sink.put(value); }
  static T decode(byte_source& source) { return source.get<T>(); }
};

template <>
struct codec<long double> : codec_for<> {
  static constexpr std::size_t min_size() { return long_double_size; }
  static void encode(byte_sink& sink, long double value) {
    sink.write(std::as_bytes(std::span(&value, 1)).first(long_double_size));
  }
  static long double decode(byte_source& source) {
    long double value = 0;
    source.read(std::as_writable_bytes(std::span(&value, 1)).first(long_double_size));
    return value;
  }
};

[[noreturn, gnu::cold, gnu::noinline]] inline void refuse_flag() {
  throw malformed_message("a bool, or the flag of something optional, is neither 0 nor 1");
}

/// A byte that is 0 or 1.
[[nodiscard]] inline bool decode_flag(byte_source& source) {
  const auto byte = source.get<std::uint8_t>();
  if (byte > 1) refuse_flag();
  return byte != 0;
}

template <>
struct codec<bool> : codec_for<> {
  static constexpr std::size_t min_size() { return 1; }
  static void encode(byte_sink& sink, bool value) { sink.put(static_cast<std::uint8_t>(value ? 1 : 0)); }
  static bool decode(byte_source& source) { return decode_flag(source); }
};

/// Every value of the underlying type is one of the enum. Only such an enum can be written `E{0}`.
template <class E>
concept has_fixed_underlying_type = std::is_enum_v<E> && requires { E{0}; };

/// The user said which values there are: `constexpr std::pair<E, E> enum_bounds(E)` beside the enum.
template <class E>
concept has_enum_bounds = std::is_enum_v<E> && requires(E e) {
  { enum_bounds(e) } -> std::same_as<std::pair<E, E>>;
};

template <class E>
  requires std::is_enum_v<E>
struct codec<E> : codec_for<> {
  using number = std::underlying_type_t<E>;
  static constexpr obstacle why =
      has_fixed_underlying_type<E> || has_enum_bounds<E> ? obstacle::none : obstacle::open_enum;

  static constexpr std::size_t min_size() { return sizeof(E); }
  static void encode(byte_sink& sink, E value) { codec<number>::encode(sink, static_cast<number>(value)); }

  static E decode(byte_source& source) {
    const number value = codec<number>::decode(source);
    if constexpr (!has_fixed_underlying_type<E>) {
      constexpr std::pair<E, E> bounds = enum_bounds(E());
      if (value < static_cast<number>(bounds.first) || value > static_cast<number>(bounds.second)) refuse();
    }
    return static_cast<E>(value);
  }

 private:
  [[noreturn, gnu::cold, gnu::noinline]] static void refuse() {
    throw malformed_message("an enum has a value outside its enum_bounds()");
  }
};

}  // namespace heddle::process
