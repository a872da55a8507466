// SPDX-License-Identifier: MIT
// A value that stays where it is while its owner moves: `std::unique_ptr` without the cost of including <memory>.
#pragma once

#include <utility>

namespace heddle::base {

/// Owns one T, or none.
template <class T>
class boxed {
 public:
  boxed() noexcept = default;
  template <class... Args>
  explicit boxed(std::in_place_t, Args&&... args) : value_(new T(std::forward<Args>(args)...)) {}
  boxed(boxed&& other) noexcept : value_(std::exchange(other.value_, nullptr)) {}
  boxed& operator=(boxed&& other) noexcept {
    boxed(std::move(other)).swap(*this);
    return *this;
  }
  ~boxed() { delete value_; }

  void swap(boxed& other) noexcept { std::swap(value_, other.value_); }
  void reset() noexcept { delete std::exchange(value_, nullptr); }

  [[nodiscard]] explicit operator bool() const noexcept { return value_ != nullptr; }
  [[nodiscard]] T& operator*() const noexcept { return *value_; }
  [[nodiscard]] T* operator->() const noexcept { return value_; }

 private:
  T* value_ = nullptr;
};

}  // namespace heddle::base
