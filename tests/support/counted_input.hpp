// SPDX-License-Identifier: MIT
// 0, 1, 2 and so on, each read once: a range that counts what was read of it.
#pragma once

#include <cstddef>
#include <iterator>

namespace heddle_test {

/// Without an end. `read` counts the steps too: an element that is merely looked for is read.
class counted_input {
 public:
  explicit counted_input(int& read) noexcept : read_(&read) {}

  class iterator {
   public:
    using value_type = int;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    int operator*() const { return *read_ - 1; }
    iterator& operator++() {
      ++*read_;
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return false; }

   private:
    friend counted_input;
    explicit iterator(int& read) noexcept : read_(&read) {}
    int* read_;
  };

  [[nodiscard]] iterator begin() const {
    ++*read_;
    return iterator(*read_);
  }
  [[nodiscard]] std::default_sentinel_t end() const { return {}; }

 private:
  int* read_;
};

}  // namespace heddle_test
