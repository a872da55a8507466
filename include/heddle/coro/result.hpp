// SPDX-License-Identifier: MIT
// The result of a coroutine: kept by who awaits it, written by the coroutine's promise.
#pragma once

#include <cstdint>
#include <exception>
#include <type_traits>
#include <utility>

#include <heddle/base/outcome.hpp>

namespace heddle::coro {

/// A value or an exception, or neither yet.
template <class T>
class result {
 public:
  result() noexcept = default;
  result(const result&) = delete;
  result& operator=(const result&) = delete;
  ~result() { clear(); }

  template <class Call>
  void set_result_of(Call&& call) {
    outcome_.emplace_result_of(std::forward<Call>(call));
    holds_ = holding::value;
  }

  void set_error(std::exception_ptr error) noexcept {
    clear();
    outcome_.emplace_error(std::move(error));
    holds_ = holding::error;
  }

  [[nodiscard]] bool empty() const noexcept { return holds_ == holding::nothing; }

  /// The exception, or null. Only once there is a result, as the next two.
  [[nodiscard]] std::exception_ptr error() noexcept { return holds_ == holding::error ? outcome_.error() : nullptr; }

  std::add_lvalue_reference_t<T> get() {
    if (holds_ == holding::error) std::rethrow_exception(outcome_.error());
    return outcome_.value();
  }

  /// Moves the value out.
  T take() {
    if constexpr (std::is_void_v<T> || std::is_reference_v<T>) {
      return get();
    } else {
      return std::move(get());
    }
  }

 private:
  enum class holding : std::uint8_t { nothing, value, error };

  void clear() noexcept {
    if (holds_ == holding::value) outcome_.destroy_value();
    if (holds_ == holding::error) outcome_.destroy_error();
    holds_ = holding::nothing;
  }

  base::outcome<T> outcome_;
  holding holds_ = holding::nothing;
};

/// The part of a promise that writes the result; whoever starts the coroutine says first where to.
template <class T>
class result_writer {
 public:
  void write_to(result<T>& written) noexcept { written_ = &written; }

  void return_value(T&& value) {
    written_->set_result_of([&]() -> T { return static_cast<T&&>(value); });
  }
  void return_value(const T& value)
    requires(!std::is_reference_v<T>)
  {
    written_->set_result_of([&]() -> T { return value; });
  }
  void unhandled_exception() noexcept { written_->set_error(std::current_exception()); }

 private:
  result<T>* written_ = nullptr;
};

template <>
class result_writer<void> {
 public:
  void write_to(result<void>& written) noexcept { written_ = &written; }

  void return_void() noexcept {
    written_->set_result_of([] {});
  }
  void unhandled_exception() noexcept { written_->set_error(std::current_exception()); }

 private:
  result<void>* written_ = nullptr;
};

}  // namespace heddle::coro
