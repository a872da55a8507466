// SPDX-License-Identifier: MIT
// The elements of any input range by number.
#pragma once

#include <cstdint>
#include <iterator>
#include <limits>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

namespace heddle::base {

/// Gives operator[] to a range that it refers to and that must outlive it. Random-access ranges are used as they are.
/// Of forward ranges (lists, sets, maps) it keeps the iterators, of input ranges the values.
template <std::ranges::input_range R>
class indexed_range {
  static constexpr bool random_access = std::ranges::random_access_range<R>;
  static constexpr bool unbounded = std::is_same_v<std::ranges::sentinel_t<R>, std::unreachable_sentinel_t>;
  static_assert(random_access || !unbounded, "an unbounded range must be random access, such as std::views::iota(0)");

  using iterator = std::ranges::iterator_t<R>;
  using difference = std::ranges::range_difference_t<R>;

 public:
  explicit indexed_range(R& range) {
    if constexpr (random_access) {
      kept_ = std::ranges::begin(range);
      if constexpr (unbounded) {
        size_ = (std::numeric_limits<std::uint64_t>::max)();
      } else {
        size_ = static_cast<std::uint64_t>(std::ranges::distance(range));
      }
    } else {
      for (auto at = std::ranges::begin(range); at != std::ranges::end(range); ++at) {
        if constexpr (std::ranges::forward_range<R>) {
          kept_.push_back({at});
        } else {
          kept_.push_back({*at});
        }
      }
      size_ = kept_.size();
    }
  }

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

  [[nodiscard]] decltype(auto) operator[](std::uint64_t index) {
    if constexpr (random_access) {
      return kept_[static_cast<difference>(index)];
    } else if constexpr (std::ranges::forward_range<R>) {
      return *kept_[index].it;
    } else {
      return std::move(kept_[index].it);
    }
  }

 private:
  /// A struct around it, since a vector of bool would keep no bools.
  struct kept {
    std::conditional_t<std::ranges::forward_range<R>, iterator, std::ranges::range_value_t<R>> it;
  };

  std::conditional_t<random_access, iterator, std::vector<kept>> kept_;
  std::uint64_t size_ = 0;
};

}  // namespace heddle::base
