// SPDX-License-Identifier: MIT
// The results of map_settled(): those of a map, with errors as values.
#pragma once

#include <cstddef>
#include <exception>
#include <iterator>
#include <optional>
#include <type_traits>
#include <utility>

#include <heddle/map_iterator.hpp>
#include <heddle/settled.hpp>

namespace heddle {

/// A single-pass range of settled<T> around the results of a map: reading an element waits for it and never throws. The
/// errors of the map itself, such as map_timeout_error, are its last element. All else is as with those results.
template <class Results>
class settled_results {
  using value_of_call = typename Results::result_type;
  static_assert(!std::is_object_v<value_of_call> || std::is_move_constructible_v<value_of_call>,
                "map_settled() moves each result into a settled<T>, and these cannot be moved: return a "
                "std::unique_ptr, or use map()");

 public:
  using result_type = settled<value_of_call>;
  using iterator = map_iterator<settled_results>;

  explicit settled_results(Results results) noexcept : results_(std::move(results)) {}

  [[nodiscard]] iterator begin() noexcept { return iterator(*this); }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

  [[nodiscard]] std::size_t size() const
    requires requires(const Results& counted) { counted.size(); }
  {
    const std::size_t unread = results_.size();
    return unread == 0 && current_ ? 1 : unread;
  }

  /// Of map_unordered(): as that says.
  [[nodiscard]] std::size_t index()
    requires requires(Results& unordered) { unordered.index(); }
  {
    return results_.index();
  }

  void close() noexcept {
    results_.close();
    current_.reset();
  }

 private:
  friend iterator;

  result_type& read() noexcept {
    if (current_) return *current_;
    try {
      auto at = results_.begin();
      if constexpr (std::is_void_v<value_of_call>) {
        *at;
        current_.emplace(std::in_place);
      } else if constexpr (std::is_reference_v<value_of_call>) {
        current_.emplace(std::in_place, *at);
      } else {
        current_.emplace(std::in_place, std::move(*at));
      }
    } catch (...) {
      current_.emplace(std::current_exception());
    }
    return *current_;
  }

  void advance() {
    current_.reset();
    ++results_.begin();
  }

  [[nodiscard]] bool is_exhausted() noexcept { return !current_ && results_.begin() == results_.end(); }

  Results results_;
  std::optional<result_type> current_;  // the one that was read last
};

}  // namespace heddle
