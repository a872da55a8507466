// SPDX-License-Identifier: MIT
// Values to bytes, and back in another process that runs the same program.
#pragma once

#include <type_traits>

#include <heddle/process/associative_codec.hpp>
#include <heddle/process/byte_sink.hpp>
#include <heddle/process/byte_source.hpp>
#include <heddle/process/class_codec.hpp>
#include <heddle/process/codec_of.hpp>
#include <heddle/process/error_code_codec.hpp>
#include <heddle/process/library_codec.hpp>
#include <heddle/process/product_codec.hpp>
#include <heddle/process/scalar_codec.hpp>
#include <heddle/process/sequence_codec.hpp>
#include <heddle/process/sum_codec.hpp>

namespace heddle::process {

/// Writes a value. Throws codec_error where this value cannot be sent, though its type can, and what the sink throws.
/// A `T` that cannot travel fails to compile, with a sentence that says what to write instead.
template <class T>
void encode(byte_sink& sink, const T& value) {
  if constexpr (must_travel<T>) codec<T>::encode(sink, value);
}

/// Reads a value that encode() wrote for the same `T`, in this process or another one that runs the same program.
///
/// Whatever the bytes are, it returns a `T` or throws: malformed_message, message_too_large, and what the source, the
/// allocator, or a constructor or serialize function of the user throws.
template <class T>
[[nodiscard]] T decode(byte_source& source) {
  static_assert(std::is_same_v<T, std::remove_cvref_t<T>>, "heddle: decode a value: neither a reference nor const");
  if constexpr (must_travel<T>) return codec<T>::decode(source);
}

}  // namespace heddle::process
