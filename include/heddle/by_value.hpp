// SPDX-License-Identifier: MIT
// A promise that a callable may be sent to another process as the bytes that it consists of.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <source_location>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <heddle/base/atomic.hpp>
#include <heddle/process/address_scan.hpp>

namespace heddle {

/// What by_value() makes: called as `F` is.
template <class F>
class by_value_call {
 public:
  using bytes_type = std::array<std::byte, sizeof(F)>;

  explicit constexpr by_value_call(F callable) : callable_(std::move(callable)) {}
  /// The callable whose bytes these are.
  explicit by_value_call(const bytes_type& bytes) noexcept : callable_(std::bit_cast<F>(bytes)) {}

  template <class... Args>
    requires std::is_invocable_v<const F&, Args...>
  constexpr decltype(auto) operator()(Args&&... args) const {
    return callable_(std::forward<Args>(args)...);
  }
  template <class... Args>
    requires(!std::is_invocable_v<const F&, Args...> && std::is_invocable_v<F&, Args...>)
  constexpr decltype(auto) operator()(Args&&... args) {
    return callable_(std::forward<Args>(args)...);
  }

  [[nodiscard]] constexpr const F& callable() const noexcept { return callable_; }

  /// Its bytes, with zeros between its members where the compiler can write them: GCC.
  [[nodiscard]] bytes_type bytes() const noexcept {
    F copy(callable_);
#if __has_builtin(__builtin_clear_padding)
    __builtin_clear_padding(&copy);
#endif
    bytes_type result;
    std::memcpy(result.data(), &copy, sizeof copy);
    return result;
  }

 private:
  F callable_;
};

/// Promises that `callable` needs nothing but its bytes, so that they may be sent to another process: that it has
/// captured numbers and such, and nothing by reference, no pointer, no `this`, no view. Executors of this process call
/// it as it is.
///
///     procs.submit(heddle::by_value([n](int x) { return x + n; }), 1);
///
/// No compiler can check the promise. See throw_if_it_holds_addresses() for what is noticed when it is broken;
/// partial() needs no promise.
template <class F>
[[nodiscard]] constexpr auto by_value(F&& callable) {
  static_assert(!std::is_pointer_v<std::decay_t<F>> && !std::is_member_pointer_v<std::decay_t<F>>,
                "by_value() sends the bytes of a callable, and those of a pointer mean nothing in another process: a "
                "function is sent as it is, submit(function, x)");
  static_assert(std::is_trivially_copyable_v<std::decay_t<F>>,
                "by_value() sends the bytes of a callable, and this one has captured something that consists of more "
                "than its bytes, as a string does: send it as a value, partial([](const std::string& s, int x) { ... "
                "}, s) instead of [s](int x) { ... }");
  return by_value_call<std::decay_t<F>>(std::forward<F>(callable));
}

/// What is done before a callable is sent as bytes. A diagnostic of a broken promise, which finds many but not all.
///
/// Throws std::invalid_argument if it holds nothing but addresses on the stack of the calling thread, which is never
/// right. If it holds a word that looks like an address of this process, builds without NDEBUG write so to the standard
/// error stream, once for each type of callable: numbers can look like that, more often where the compiler cannot clear
/// padding, as Clang.
template <class F>
void throw_if_it_holds_addresses(const by_value_call<F>& callable) {
  if constexpr (!std::is_empty_v<F>) {
    const auto bytes = callable.bytes();
    if (process::holds_only_stack_addresses(bytes, alignof(F)))
      throw std::invalid_argument(
          "by_value(): the callable has captured local variables by reference, and another process does not have them; "
          "capture by value, or write partial(function, values...)");
#ifndef NDEBUG
    static base::atomic<bool> is_reported{false};
    // relaxed: a flag that orders nothing.
    if (!is_reported.load(base::relaxed) && process::seems_to_hold_address(bytes, alignof(F)) &&
        !is_reported.exchange(true, base::relaxed)) {
      std::fprintf(
          stderr,
          "heddle: by_value(): a callable that is sent to another process seems to hold an address of this one, "
          "which means nothing there: capture by value, or write partial(function, values...): %s\n",
          std::source_location::current().function_name());
    }
#endif
  }
}

}  // namespace heddle
