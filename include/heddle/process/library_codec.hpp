// SPDX-License-Identifier: MIT
// Other values of the standard library: chrono, path, complex, bitset.
#pragma once

#include <algorithm>
#include <bitset>
#include <chrono>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <filesystem>

#include <heddle/process/codec_of.hpp>
#include <heddle/process/scalar_codec.hpp>
#include <heddle/process/sequence_codec.hpp>

namespace heddle::process {

template <class Rep, class Period>
struct codec<std::chrono::duration<Rep, Period>> : codec_for<Rep> {
  using duration = std::chrono::duration<Rep, Period>;
  static constexpr std::size_t min_size() { return codec<Rep>::min_size(); }
  static void encode(byte_sink& sink, const duration& value) { codec<Rep>::encode(sink, value.count()); }
  static duration decode(byte_source& source) { return duration(codec<Rep>::decode(source)); }
};

/// Clocks of one machine are the same in all of its processes.
template <class Clock, class Duration>
struct codec<std::chrono::time_point<Clock, Duration>> : codec_for<Duration> {
  using time_point = std::chrono::time_point<Clock, Duration>;
  static constexpr std::size_t min_size() { return codec<Duration>::min_size(); }
  static void encode(byte_sink& sink, const time_point& value) {
    codec<Duration>::encode(sink, value.time_since_epoch());
  }
  static time_point decode(byte_source& source) { return time_point(codec<Duration>::decode(source)); }
};

template <>
struct codec<std::filesystem::path> : codec_for<> {
  using string = std::filesystem::path::string_type;
  static constexpr std::size_t min_size() { return codec<string>::min_size(); }
  static void encode(byte_sink& sink, const std::filesystem::path& value) {
    codec<string>::encode(sink, value.native());
  }
  static std::filesystem::path decode(byte_source& source) {
    string text = codec<string>::decode(source);
    // A path may keep one of each of its names.
    const auto names = static_cast<std::size_t>(std::ranges::count(text, string::value_type('/'))) + 2;
    source.claim_memory(names * (sizeof(std::filesystem::path) + sizeof(void*)));
    return text;
  }
};

template <class T>
struct codec<std::complex<T>> : codec_for<T> {
  static constexpr std::size_t min_size() { return 2 * codec<T>::min_size(); }
  static void encode(byte_sink& sink, const std::complex<T>& value) {
    codec<T>::encode(sink, value.real());
    codec<T>::encode(sink, value.imag());
  }
  static std::complex<T> decode(byte_source& source) {
    const T real = codec<T>::decode(source);
    return {real, codec<T>::decode(source)};
  }
};

/// Eight bits to a byte.
template <std::size_t Size>
struct codec<std::bitset<Size>> : codec_for<> {
  static constexpr std::size_t min_size() { return (Size + 7) / 8; }

  static void encode(byte_sink& sink, const std::bitset<Size>& value) {
    for (std::size_t begin = 0; begin < Size; begin += 8) {
      unsigned byte = 0;
      for (std::size_t i = begin; i < Size && i < begin + 8; ++i) byte |= (value[i] ? 1U : 0U) << (i - begin);
      sink.put(static_cast<std::uint8_t>(byte));
    }
  }

  static std::bitset<Size> decode(byte_source& source) {
    std::bitset<Size> value;
    for (std::size_t begin = 0; begin < Size; begin += 8) {
      const unsigned byte = source.get<std::uint8_t>();
      for (std::size_t i = begin; i < Size && i < begin + 8; ++i) value[i] = ((byte >> (i - begin)) & 1U) != 0;
    }
    return value;
  }
};

}  // namespace heddle::process
