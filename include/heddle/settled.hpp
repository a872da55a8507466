// SPDX-License-Identifier: MIT
// How a call ended, as a value: its result or its error.
#pragma once

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include <heddle/base/outcome.hpp>

namespace heddle {

/// The result of a call, or what it threw; of a cancelled one, a cancelled_error. What map_settled() gives for each
/// element, to be read or kept.
///
///     for (auto& each : pool.map_settled(parse, files)) {
///       if (each) use(each.value());
///     }
template <class T>
class settled {
  using stored = base::stored_t<T>;

 public:
  using value_type = T;

  /// Of a value: from a T, from what a reference refers to, or from nothing for void.
  template <class... Args>
  explicit settled(std::in_place_t, Args&&... args) {
    if constexpr (std::is_reference_v<T>) {
      value_.emplace(__builtin_addressof(args)...);
    } else {
      value_.emplace(std::forward<Args>(args)...);
    }
  }
  explicit settled(std::exception_ptr error) noexcept : error_(std::move(error)) {}

  [[nodiscard]] bool has_value() const noexcept { return value_.has_value(); }
  [[nodiscard]] explicit operator bool() const noexcept { return has_value(); }

  /// The result; throws the error if there is none.
  std::add_lvalue_reference_t<T> value() & {
    throw_error();
    return referred(*value_);  // NOLINT(bugprone-unchecked-optional-access): throw_error() has looked
  }
  std::add_lvalue_reference_t<std::add_const_t<T>> value() const& {
    throw_error();
    return referred(*value_);  // NOLINT(bugprone-unchecked-optional-access): as above
  }
  T value() && {
    throw_error();
    return static_cast<T>(referred(std::move(*value_)));  // NOLINT(bugprone-unchecked-optional-access): as above
  }

  /// The error; null if there is a value.
  [[nodiscard]] const std::exception_ptr& error() const noexcept { return error_; }

 private:
  void throw_error() const {
    if (!has_value()) std::rethrow_exception(error_);
  }

  template <class Stored>
  static decltype(auto) referred(Stored&& kept) noexcept {
    if constexpr (std::is_reference_v<T>) {
      return *kept;
    } else if constexpr (!std::is_void_v<T>) {
      return std::forward<Stored>(kept);
    }
  }

  std::optional<stored> value_;
  std::exception_ptr error_;
};

}  // namespace heddle
