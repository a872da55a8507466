// SPDX-License-Identifier: MIT
// The iterator over the results of a map, whatever kind of map it is.
#pragma once

#include <cstddef>
#include <iterator>
#include <type_traits>

#include <heddle/base/outcome.hpp>

namespace heddle {

/// What iterating gives of results of type T: an empty struct where the calls return void.
template <class T>
using map_value_t = std::conditional_t<std::is_void_v<T>, base::nothing, std::remove_cvref_t<T>>;

/// A single-pass iterator: a pointer to the results, which read their next one. Any of them is where the map is.
template <class Results>
class map_iterator {
 public:
  using difference_type = std::ptrdiff_t;
  using value_type = map_value_t<typename Results::result_type>;
  using iterator_concept = std::input_iterator_tag;

  /// Waits for the result, which stays until the iterator moves on, and throws what its call threw. An empty struct
  /// where the calls return void.
  decltype(auto) operator*() const {
    if constexpr (std::is_void_v<typename Results::result_type>) {
      results_->read();
      return base::nothing{};
    } else {
      return results_->read();
    }
  }
  map_iterator& operator++() {
    results_->advance();
    return *this;
  }
  void operator++(int) { ++*this; }
  [[nodiscard]] bool operator==(std::default_sentinel_t) const noexcept { return results_->is_exhausted(); }

 private:
  friend Results;
  explicit map_iterator(Results& results) noexcept : results_(&results) {}
  Results* results_;
};

}  // namespace heddle
