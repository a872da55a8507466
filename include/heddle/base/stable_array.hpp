// SPDX-License-Identifier: MIT
// An array that grows while its elements stay where they are: std::deque without the cost of including it.
#pragma once

#include <bit>
#include <cstddef>
#include <vector>

namespace heddle::base {

/// Of default-constructed elements, in blocks of which each is as long as all before it. It makes a block at a time.
template <class T>
class stable_array {
 public:
  stable_array() noexcept = default;
  stable_array(const stable_array&) = delete;
  stable_array& operator=(const stable_array&) = delete;
  ~stable_array() {
    for (T* each : blocks_) delete[] each;
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  [[nodiscard]] T& operator[](std::size_t index) const noexcept {
    const std::size_t block = block_of(index);
    return blocks_[block][block == 0 ? index : index - (first_block << (block - 1))];
  }

  /// One more, as it was made. Throws std::bad_alloc.
  T& add() {
    if (size_ == capacity()) add_block();
    return (*this)[size_++];
  }

 private:
  static constexpr std::size_t first_block = 8;

  /// Block 0 is as long as block 1, so that each later one doubles the array.
  static std::size_t block_of(std::size_t index) noexcept {
    return static_cast<std::size_t>(std::bit_width(index / first_block));
  }

  [[nodiscard]] std::size_t capacity() const noexcept {
    return blocks_.empty() ? 0 : first_block << (blocks_.size() - 1);
  }

  void add_block() {
    blocks_.reserve(blocks_.size() + 1);
    blocks_.push_back(new T[blocks_.empty() ? first_block : size_]());
  }

  std::vector<T*> blocks_;
  std::size_t size_ = 0;
};

}  // namespace heddle::base
