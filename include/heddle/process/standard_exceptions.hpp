// SPDX-License-Identifier: MIT
// The exceptions of the standard library, which come back from another process as what they were.
#pragma once

#include <any>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <future>
#include <ios>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <typeinfo>
#include <variant>

#include <heddle/base/type_name.hpp>
#include <heddle/process/error_code_codec.hpp>
#include <heddle/process/library_codec.hpp>
#include <heddle/process/returned.hpp>
#include <heddle/process/thrown_type.hpp>

namespace heddle::process {

/// Each before its base classes. The number of one in this list is what stands for it in a message.
using standard_exceptions =
    type_list<std::bad_array_new_length, std::bad_alloc, std::filesystem::filesystem_error, std::ios_base::failure,
              std::system_error, std::range_error, std::overflow_error, std::underflow_error, std::runtime_error,
              std::future_error, std::invalid_argument, std::domain_error, std::length_error, std::out_of_range,
              std::logic_error, std::bad_any_cast, std::bad_cast, std::bad_typeid, std::bad_exception,
              std::bad_function_call, std::bad_optional_access, std::bad_variant_access, std::bad_weak_ptr,
              std::exception>;

/// A name without what compilers and libraries put into it for the linker.
[[nodiscard]] inline std::string plain_name(std::string_view name) {
  std::string plain(name);
  for (const std::string_view part : {"__cxx11::", "__1::", "__fs::", "[abi:cxx11]"}) {
    for (std::size_t at = plain.find(part); at != plain.npos; at = plain.find(part)) plain.erase(at, part.size());
  }
  return plain;
}

/// Whether what is being handled is an `E` and nothing derived from it, except what was made to nest others in it.
template <class E>
[[nodiscard]] bool is_exactly(const std::exception& error) {
#if defined(__cpp_rtti)
  if (typeid(error) == typeid(E)) return true;
  if constexpr (!std::same_as<E, std::exception>) {  // which it is: GCC 12 warns of the question
    if (dynamic_cast<const E*>(&error) == nullptr) return false;
  }
  if (dynamic_cast<const std::nested_exception*>(&error) == nullptr) return false;
  return without_nesting(demangled(typeid(error).name())) == demangled(typeid(E).name());
#else
  static_cast<void>(error);
  try {
    throw;
  } catch (const E&) {
    if constexpr (std::derived_from<E, std::bad_alloc>) return true;  // a name might take memory
    const std::string thrown = type_of_current_exception();
    return thrown == "unknown" || plain_name(thrown) == plain_name(base::type_name<E>());
  } catch (...) {
    return false;
  }
#endif
}

/// What an `E` consists of besides its text, and how it is made of that.
template <class E>
struct standard_exception {
  static constexpr bool has_parts = false;
  static void encode_parts(byte_sink&, const std::exception&) {}

  static std::exception_ptr decode(byte_source&, const std::exception_ptr& nested, const std::string& what) {
    if constexpr (std::constructible_from<E, const std::string&>)
      return return_as<E>(nested, what, what);
    else
      return return_as<E>(nested, what);
  }
};

template <class E>
  requires(std::derived_from<E, std::system_error>)
struct standard_exception<E> {
  static constexpr bool has_parts = true;
  using path = std::filesystem::path;

  static void encode_parts(byte_sink& sink, const std::exception& error) {
    const auto& known = static_cast<const E&>(error);
    codec<std::error_code>::encode(sink, known.code());
    if constexpr (std::same_as<E, std::filesystem::filesystem_error>) {
      codec<path>::encode(sink, known.path1());
      codec<path>::encode(sink, known.path2());
    }
  }

  static std::exception_ptr decode(byte_source& source, const std::exception_ptr& nested, const std::string& what) {
    const auto code = codec<std::error_code>::decode(source);
    if constexpr (std::same_as<E, std::filesystem::filesystem_error>) {
      const path first = codec<path>::decode(source);
      const path second = codec<path>::decode(source);
      return return_as<E>(nested, what, what, first, second, code);
    } else if constexpr (std::same_as<E, std::ios_base::failure>) {
      return return_as<E>(nested, what, what, code);
    } else {
      return return_as<E>(nested, what, code, what);
    }
  }
};

template <>
struct standard_exception<std::future_error> {
  static constexpr bool has_parts = true;
  static void encode_parts(byte_sink& sink, const std::exception& error) {
    sink.put(static_cast<std::int32_t>(static_cast<const std::future_error&>(error).code().value()));
  }
  static std::exception_ptr decode(byte_source& source, const std::exception_ptr& nested, const std::string& what) {
    return return_as<std::future_error>(nested, what, static_cast<std::future_errc>(source.get<std::int32_t>()));
  }
};

}  // namespace heddle::process
