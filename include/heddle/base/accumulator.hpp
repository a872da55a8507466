// SPDX-License-Identifier: MIT
// A value that an operation replaces again and again.
#pragma once

#include <type_traits>
#include <utility>

#include <heddle/base/invoke.hpp>
#include <heddle/base/outcome.hpp>
#include <heddle/base/standard_operation.hpp>

namespace heddle::base {

/// `op(value, x)` as a T of its own, also where the operation returns a reference to what it was given.
template <class T, class Op, class X>
[[nodiscard]] constexpr T combined(const Op& op, T&& value, X&& x) {
  if constexpr (reorderable_operation<Op, T> && std::is_arithmetic_v<std::remove_cvref_t<X>>) {
    return apply_reorderable<T, std::remove_cvref_t<X>>(op, value, x);
  } else {
    return static_cast<T>(base::invoke(op, std::forward<T>(value), std::forward<X>(x)));
  }
}

/// Empty, or a T. T needs a move constructor and nothing else; an assignment is used where there is one.
template <class T>
class accumulator {
  /// Kept as it is, so that it can live in a register.
  static constexpr bool simple = std::is_trivially_default_constructible_v<T> && std::is_trivially_copyable_v<T> &&
                                 std::is_trivially_move_assignable_v<T>;

 public:
  accumulator() noexcept = default;
  accumulator(const accumulator&) = delete;
  accumulator& operator=(const accumulator&) = delete;
  ~accumulator() { reset(); }

  [[nodiscard]] bool is_empty() const noexcept { return !begun_; }

  /// The value, which there must be.
  [[nodiscard]] T& value() noexcept {
    if constexpr (simple) {
      return value_;
    } else {
      return value_.value();
    }
  }

  /// The first value, made from `x`. Only of an empty one.
  template <class X>
  void begin(X&& x) {
    if constexpr (simple) {
      value_ = static_cast<T>(std::forward<X>(x));
    } else {
      value_.emplace_result_of([&] { return static_cast<T>(std::forward<X>(x)); });
    }
    begun_ = true;
  }

  /// Replaces the value, which there must be, by `op(value, x)`. If that throws, the old value may be gone.
  template <class Op, class X>
  void apply(const Op& op, X&& x) {
    if constexpr (std::is_move_assignable_v<T>) {
      value() = combined<T>(op, std::move(value()), std::forward<X>(x));
    } else {
      T next = combined<T>(op, std::move(value()), std::forward<X>(x));
      reset();
      begin(std::move(next));
    }
  }

  void reset() noexcept {
    if constexpr (!simple) {
      if (begun_) value_.destroy_value();
    }
    begun_ = false;
  }

 private:
  std::conditional_t<simple, T, outcome<T>> value_;
  bool begun_ = false;
};

}  // namespace heddle::base
