// SPDX-License-Identifier: MIT
// One exception to bytes: what it is, its text, and what else it consists of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <heddle/process/exception_registry.hpp>
#include <heddle/process/standard_exceptions.hpp>
#include <heddle/process/vector_sink.hpp>

namespace heddle::process {

/// Longer texts are cut.
inline constexpr std::size_t max_exception_text = std::size_t{64} << 10U;

/// How an exception is sent. Each is followed by its text and what its kind needs.
enum class exception_kind : std::uint8_t { other, standard, registered };

/// Writes one exception after the other, from the one that was caught to the innermost that is nested in it.
class exception_encoder {
 public:
  explicit exception_encoder(byte_sink& sink) noexcept : sink_(sink) {}

  /// Returns what is nested in `error`, or nullptr. Throws what the sink throws.
  std::exception_ptr encode(const std::exception_ptr& error) {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& known) {
      if (!encode_standard(known, standard_exceptions())) encode_other(known.what());
    } catch (const std::string& text) {
      encode_other(text);
    } catch (const char* text) {
      encode_other(text != nullptr ? text : "");
    } catch (...) {
      encode_other({});
    }
    return nested_in(error);
  }

 private:
  static std::exception_ptr nested_in(const std::exception_ptr& error) {
    try {
      std::rethrow_exception(error);
    } catch (const std::nested_exception& nesting) {
      return nesting.nested_ptr();
    } catch (...) {
      return nullptr;
    }
  }

  void put(std::string_view text) { encode_elements(sink_, text.substr(0, max_exception_text)); }

  void put(exception_kind kind, std::string_view type, std::string_view what, std::span<const std::byte> parts) {
    sink_.put(static_cast<std::uint8_t>(kind));
    put(type);
    put(what);
    sink_.put(static_cast<std::uint64_t>(parts.size()));
    sink_.write(parts);
  }

  /// Allocates nothing for exceptions that are nothing but their text: std::bad_alloc is one.
  template <class... Es>
  bool encode_standard(const std::exception& error, type_list<Es...>) {
    std::uint8_t number = 0;
    return ((is_exactly<Es>(error) ? (encode_as<Es>(error, number), true) : (++number, false)) || ...);
  }

  template <class E>
  void encode_as(const std::exception& error, std::uint8_t number) {
    exception_kind kind = exception_kind::standard;
    std::vector<std::byte> parts;
    if constexpr (standard_exception<E>::has_parts) {
      try {
        vector_sink sink;
        sink.put(number);
        standard_exception<E>::encode_parts(sink, error);
        parts = sink.take();
      } catch (...) {
        kind = exception_kind::other;
      }
      put(kind, base::type_name<E>(), error.what(), parts);
    } else {
      put(kind, base::type_name<E>(), error.what(), std::as_bytes(std::span(&number, 1)));
    }
  }

  /// A registered one, or one of which only name and text are sent. Called in the handler.
  void encode_other(std::string_view what) {
    exception_kind kind = exception_kind::other;
    std::string type;
    std::vector<std::byte> parts;
    try {
      type = type_of_current_exception();
      for (const registered_exception& each : exception_registry::registered().all()) {
        vector_sink sink;
        encode_elements(sink, each.name);
        if (!each.encode(sink, type)) continue;
        parts = sink.take();
        kind = exception_kind::registered;
        break;
      }
    } catch (...) {
      // Its own serialize function threw, or there is no memory: then without its parts.
    }
    put(kind, type.empty() ? "unknown" : std::string_view(type), what, parts);
  }

  byte_sink& sink_;
};

}  // namespace heddle::process
