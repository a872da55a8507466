// SPDX-License-Identifier: MIT
// How a call ended: room for its value or its exception.
#pragma once

#include <cstddef>
#include <exception>
#include <new>
#include <type_traits>
#include <utility>

namespace heddle::base {

/// What an outcome keeps for a result of type T: T itself, a pointer for a reference, an empty struct for void.
struct nothing {};
template <class T>
using stored_t = std::conditional_t<
    std::is_void_v<T>, nothing,
    std::conditional_t<std::is_reference_v<T>, std::add_pointer_t<std::remove_reference_t<T>>, std::remove_const_t<T>>>;

/// Room for a T or a `std::exception_ptr`. It does not know which of them lives in it, or whether one does: its owner
/// keeps that in a word that it needs anyway, and says so to destroy_value() or destroy_error() in the end.
template <class T>
class outcome {
 public:
  outcome() noexcept {}
  outcome(const outcome&) = delete;
  outcome& operator=(const outcome&) = delete;

  /// Calls `call()` and keeps what it returns, without a move where it returns a prvalue.
  template <class Call>
  void emplace_result_of(Call&& call) {
    if constexpr (std::is_void_v<T>) {
      std::forward<Call>(call)();
    } else if constexpr (std::is_reference_v<T>) {
      T&& referred = std::forward<Call>(call)();
      ::new (address()) stored(__builtin_addressof(referred));
    } else {
      ::new (address()) stored(std::forward<Call>(call)());
    }
  }

  void emplace_error(std::exception_ptr error) noexcept { ::new (address()) std::exception_ptr(std::move(error)); }

  /// The value as an lvalue; what it refers to for a reference.
  [[nodiscard]] std::add_lvalue_reference_t<T> value() noexcept {
    if constexpr (std::is_reference_v<T>) {
      return **as<stored>();
    } else if constexpr (!std::is_void_v<T>) {
      return *as<stored>();
    }
  }

  [[nodiscard]] std::exception_ptr& error() noexcept { return *as<std::exception_ptr>(); }

  void destroy_value() noexcept { as<stored>()->~stored(); }
  void destroy_error() noexcept { error().~exception_ptr(); }

 private:
  using stored = stored_t<T>;

  void* address() noexcept { return static_cast<void*>(storage_); }

  template <class U>
  U* as() noexcept {
    return std::launder(reinterpret_cast<U*>(storage_));
  }

  static constexpr std::size_t bigger(std::size_t a, std::size_t b) { return a < b ? b : a; }

  alignas(bigger(alignof(stored),
                 alignof(std::exception_ptr))) std::byte storage_[bigger(sizeof(stored), sizeof(std::exception_ptr))];
};

}  // namespace heddle::base
