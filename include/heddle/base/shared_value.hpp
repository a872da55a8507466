// SPDX-License-Identifier: MIT
// One value with many owners, in one allocation: `std::shared_ptr` without the cost of including <memory>.
#pragma once

#include <cstddef>
#include <utility>

#include <heddle/base/atomic.hpp>

namespace heddle::base {

/// Copies share the value; the last one destroys it. Different threads may hold, copy and destroy different copies.
template <class T>
class shared_value {
 public:
  shared_value() noexcept = default;  // without a value, as one that was moved from

  template <class... Args>
  explicit shared_value(std::in_place_t, Args&&... args) : block_(new block(std::forward<Args>(args)...)) {}

  shared_value(const shared_value& other) noexcept : block_(other.block_) {
    if (block_ != nullptr) block_->owners.fetch_add(1, relaxed);  // relaxed: `other` keeps the block alive
  }
  shared_value(shared_value&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  shared_value& operator=(shared_value other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~shared_value() {
    // [shared_value.1] acq_rel: every owner's last use happens before the last owner destroys the value; both ends are
    //   this line: [shared_value.1].
    if (block_ != nullptr && block_->owners.fetch_sub(1, acq_rel) == 1) delete block_;
  }

  [[nodiscard]] bool has_value() const noexcept { return block_ != nullptr; }
  /// Whether both share one value, or neither has one.
  [[nodiscard]] friend bool operator==(const shared_value&, const shared_value&) noexcept = default;

  [[nodiscard]] T& operator*() const noexcept { return block_->value; }
  [[nodiscard]] T* operator->() const noexcept { return __builtin_addressof(block_->value); }

 private:
  struct block {
    template <class... Args>
    explicit block(Args&&... args) : value(std::forward<Args>(args)...) {}
    T value;
    atomic<std::size_t> owners{1};
  };

  block* block_ = nullptr;
};

}  // namespace heddle::base
