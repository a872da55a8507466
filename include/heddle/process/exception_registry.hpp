// SPDX-License-Identifier: MIT
// The exception types of users that come back from another process as what they were.
#pragma once

#include <concepts>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <heddle/base/spin_lock.hpp>
#include <heddle/base/type_name.hpp>
#include <heddle/process/codec.hpp>
#include <heddle/process/returned.hpp>
#include <heddle/process/thrown_type.hpp>

namespace heddle::process {

/// An exception that says nothing but its text.
template <class E>
concept made_of_text = std::derived_from<E, std::exception> && std::constructible_from<E, const std::string&>;

/// One type, by functions that know it. It is named by the compiler's spelling, the same in all processes of a program.
struct registered_exception {
  std::string_view name;
  /// Writes the exception that is being handled, if it is one of this type.
  bool (*encode)(byte_sink& sink, std::string_view thrown_type);
  std::exception_ptr (*decode)(byte_source& source, const std::exception_ptr& nested, const std::string& what);
};

template <class E>
struct exception_functions {
  static_assert(made_of_text<E> || can_travel<E>,
                "heddle: an exception that comes back from another process needs a constructor that takes its text, a "
                "std::string, or a serialize function: `template <class Archive> void serialize(Archive& ar)`");

  static bool encode(byte_sink& sink, std::string_view thrown_type) {
    if (!is_this_type(thrown_type)) return false;
    try {
      throw;
    } catch (const E& error) {
      if constexpr (can_travel<E>) process::encode(sink, error);
      return true;
    } catch (...) {
      return false;
    }
  }

  static std::exception_ptr decode(byte_source& source, const std::exception_ptr& nested, const std::string& what) {
    if constexpr (can_travel<E>) {
      E error = process::decode<E>(source);
      return thrown_while_handling(nested, [&error] { std::throw_with_nested(std::move(error)); });
    } else {
      return return_as<E>(nested, what, what);
    }
  }

 private:
  /// Not something that is derived from it.
  static bool is_this_type([[maybe_unused]] std::string_view thrown_type) {
#if defined(__cpp_rtti)
    return thrown_type == demangled(typeid(E).name());
#else
    // Others may be spelled in another way.
    constexpr std::string_view name = base::type_name<E>();
    return !name.starts_with("heddle::") || name == thrown_type;
#endif
  }
};

class exception_registry {
 public:
  /// That of the program.
  [[nodiscard]] static exception_registry& registered() {
    static exception_registry all;
    return all;
  }

  template <class E>
  void add() {
    const registered_exception added{base::type_name<E>(), &exception_functions<E>::encode,
                                     &exception_functions<E>::decode};
    const std::scoped_lock guard(lock_);
    for (const registered_exception& each : known_) {
      if (each.name == added.name) return;
    }
    known_.push_back(added);
  }

  /// A copy: types are registered before processes are started, and looking through them is short.
  [[nodiscard]] std::vector<registered_exception> all() {
    const std::scoped_lock guard(lock_);
    return known_;
  }

  [[nodiscard]] std::optional<registered_exception> find(std::string_view name) {
    const std::scoped_lock guard(lock_);
    for (const registered_exception& each : known_) {
      if (each.name == name) return each;
    }
    return std::nullopt;
  }

 private:
  base::spin_lock lock_;
  std::vector<registered_exception> known_;
};

}  // namespace heddle::process
