// SPDX-License-Identifier: MIT
// Elements that lie one behind the other in memory and are read from left to right.
#pragma once

#include <cstdint>

#include <heddle/base/cpu.hpp>

namespace heddle::base {

template <class X>
class array_elements {
 public:
  explicit array_elements(X* first) noexcept : first_(first) {}

  [[nodiscard]] X& operator()(std::uint64_t index) const noexcept { return first_[index]; }

  /// Asks for the memory of `Count` elements, a page behind those from `index` on: processors that see somebody read
  /// ahead for him, but not into the next page. Nothing need be there.
  template <std::uint64_t Count>
  void prefetch_page_behind(std::uint64_t index) const noexcept {
    constexpr std::uintptr_t page = 4096;
    constexpr std::uintptr_t line = 64;
    const auto from = reinterpret_cast<std::uintptr_t>(first_ + index) + page;
    for (std::uintptr_t i = 0; i < Count * sizeof(X); i += line) prefetch(reinterpret_cast<const void*>(from + i));
  }

 private:
  X* first_;
};

}  // namespace heddle::base
