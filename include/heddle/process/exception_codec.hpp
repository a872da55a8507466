// SPDX-License-Identifier: MIT
// Exceptions to bytes, and back in another process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <heddle/process/exception_encoder.hpp>
#include <heddle/process/exception_registry.hpp>
#include <heddle/process/remote_error.hpp>
#include <heddle/process/span_source.hpp>
#include <heddle/process/standard_exceptions.hpp>

namespace heddle::process {

/// Where an exception was thrown.
struct exception_origin {
  std::int64_t pid = 0;
  std::string_view host;
  std::string_view backtrace;
};

inline constexpr std::size_t max_nested_exceptions = 16;

/// Writes an exception with those nested in it, up to max_nested_exceptions. Whatever it is, what is written can be
/// decoded; only the sink can make it throw.
inline void encode_exception(byte_sink& sink, std::exception_ptr error, const exception_origin& origin) {
  sink.put(origin.pid);
  encode_elements(sink, origin.host.substr(0, max_exception_text));
  encode_elements(sink, origin.backtrace.substr(0, max_exception_text));
  exception_encoder encoder(sink);
  for (std::size_t count = 0; error != nullptr && count < max_nested_exceptions; ++count) {
    sink.put(std::uint8_t{1});  // one more
    error = encoder.encode(error);
  }
  sink.put(std::uint8_t{0});
}

/// One exception of a message.
struct received_exception {
  exception_kind kind = exception_kind::other;
  remote_details known;
  std::vector<std::byte> parts;
};

template <class... Es>
[[nodiscard]] std::exception_ptr make_standard(std::size_t number, byte_source& parts, const std::exception_ptr& nested,
                                               const std::string& what, type_list<Es...>) {
  std::exception_ptr made;
  std::size_t i = 0;
  static_cast<void>(
      ((i++ == number && (made = standard_exception<Es>::decode(parts, nested, what)) != nullptr) || ...));
  return made;
}

/// The exception that `received` stands for, or nullptr: then `nested`, which says what is known of it, must do.
[[nodiscard]] inline std::exception_ptr make_exception(const received_exception& received,
                                                       const std::exception_ptr& nested) noexcept {
  try {
    span_source parts(received.parts);
    if (received.kind == exception_kind::standard) {
      const auto number = parts.get<std::uint8_t>();
      return make_standard(number, parts, nested, received.known.what, standard_exceptions());
    }
    if (received.kind != exception_kind::registered) return nullptr;
    const auto type = exception_registry::registered().find(decode<std::string>(parts));
    return type.has_value() ? type->decode(parts, nested, received.known.what) : nullptr;
  } catch (...) {
    return nullptr;
  }
}

/// One of encode_exception(), which is kept several times.
[[nodiscard]] inline std::string decode_text(byte_source& source) {
  std::string text = decode<std::string>(source);
  if (text.size() > max_exception_text)
    throw malformed_message("what is said of an exception is longer than it can be");
  return text;
}

[[nodiscard]] inline std::vector<received_exception> receive_exceptions(byte_source& source) {
  remote_details origin;
  origin.pid = source.get<std::int64_t>();
  origin.host = decode_text(source);
  origin.backtrace = decode_text(source);
  std::vector<received_exception> all;
  while (decode_flag(source)) {
    if (all.size() == max_nested_exceptions) throw malformed_message("too many exceptions are nested in one another");
    received_exception& next = all.emplace_back();
    const auto kind = source.get<std::uint8_t>();
    if (kind > static_cast<std::uint8_t>(exception_kind::registered)) {
      throw malformed_message("an exception is of no known kind");
    }
    next.kind = static_cast<exception_kind>(kind);
    next.known = origin;
    next.known.type = decode_text(source);
    next.known.what = decode_text(source);
    next.parts = decode<std::vector<std::byte>>(source);
  }
  if (all.empty()) throw malformed_message("an exception is missing");
  return all;
}

/// Reads what encode_exception() wrote: an exception of the same type and text if its type is one of the standard
/// library or registered, with a remote_error nested inside, in which is nested what was nested in the original; for
/// others the remote_error alone. Throws malformed_message where that cannot have been written by encode_exception().
[[nodiscard]] inline std::exception_ptr decode_exception(byte_source& source) {
  const std::vector<received_exception> all = receive_exceptions(source);
  std::exception_ptr inner;
  for (auto each = all.rbegin(); each != all.rend(); ++each) {
    const std::exception_ptr remote =
        inner == nullptr ? std::make_exception_ptr(remote_error(each->known))
                         : thrown_while_handling(inner, [&] { std::throw_with_nested(remote_error(each->known)); });
    const std::exception_ptr made = make_exception(*each, remote);
    inner = made != nullptr ? made : remote;
  }
  return inner;
}

}  // namespace heddle::process
