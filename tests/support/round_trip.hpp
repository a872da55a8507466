// SPDX-License-Identifier: MIT
// A value to bytes and back, within one process.
#pragma once

#include <heddle/process/codec.hpp>
#include <heddle/process/span_source.hpp>
#include <heddle/process/vector_sink.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include <support/catch.hpp>

namespace heddle_test {

template <class T>
std::vector<std::byte> encoded(const T& value) {
  heddle::process::vector_sink sink;
  heddle::process::encode(sink, value);
  return sink.take();
}

template <class T>
T decoded(const std::vector<std::byte>& message, std::uint64_t max = heddle::process::default_max) {
  heddle::process::span_source source(message, max);
  return heddle::process::decode<T>(source);
}

/// The value that arrives; nothing of the message may be left.
template <class T>
T round_trip(const T& value) {
  const std::vector<std::byte> message = encoded(value);
  heddle::process::span_source source(message);
  T arrived = heddle::process::decode<T>(source);
  CHECK(source.left() == 0);
  return arrived;
}

inline std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
  std::vector<std::byte> all;
  for (const int each : values) all.push_back(static_cast<std::byte>(each));
  return all;
}

/// The bytes of several values, one behind the other.
template <class... Ts>
std::vector<std::byte> message_of(const Ts&... values) {
  heddle::process::vector_sink sink;
  (heddle::process::encode(sink, values), ...);
  return sink.take();
}

}  // namespace heddle_test
