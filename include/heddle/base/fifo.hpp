// SPDX-License-Identifier: MIT
// A queue in one array, for one thread: std::deque without its blocks.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace heddle::base {

/// First in, first out. What is in it moves now and then, so its addresses are not to be kept.
template <class T>
class fifo {
 public:
  fifo() noexcept = default;
  explicit fifo(std::vector<T> items) noexcept : items_(std::move(items)) {}
  fifo(fifo&& other) noexcept : items_(std::move(other.items_)), first_(std::exchange(other.first_, 0)) {}
  fifo& operator=(fifo&& other) noexcept {
    fifo(std::move(other)).swap(*this);
    return *this;
  }
  ~fifo() = default;

  void swap(fifo& other) noexcept {
    items_.swap(other.items_);
    std::swap(first_, other.first_);
  }

  [[nodiscard]] bool empty() const noexcept { return first_ == items_.size(); }
  [[nodiscard]] std::size_t size() const noexcept { return items_.size() - first_; }
  [[nodiscard]] T& front() noexcept { return items_[first_]; }

  /// Lets the next push() have room. Throws std::bad_alloc.
  void make_room() {
    if (items_.size() < items_.capacity()) return;
    if (first_ > items_.size() / 2) {
      items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(first_));
      first_ = 0;
    } else {
      items_.reserve(2 * items_.size() + 4);
    }
  }

  /// After make_room().
  void push(T added) noexcept { items_.push_back(std::move(added)); }

  [[nodiscard]] T pop() noexcept { return std::move(items_[first_++]); }

 private:
  std::vector<T> items_;
  std::size_t first_ = 0;
};

}  // namespace heddle::base
