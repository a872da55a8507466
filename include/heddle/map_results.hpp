// SPDX-License-Identifier: MIT
// The results of a map() without options: futures in the order of the input.
#pragma once

#include <cstddef>
#include <iterator>
#include <type_traits>
#include <utility>
#include <vector>

#include <heddle/errors.hpp>
#include <heddle/future.hpp>
#include <heddle/map_iterator.hpp>

namespace heddle {

/// For who reads on where a map has ended.
[[noreturn, gnu::noinline]] inline void throw_map_ended() {
  throw invalid_state_error(
      "this map has no further result: all were read, or it was closed, or it ended with an error; compare the "
      "iterator with end() before it is read");
}

/// The results of map(), in the order of the input. A single-pass range: reading an element waits for it and throws
/// what its call threw; going on after that reads the next one. Destroying it cancels the calls that were not read and
/// have not begun. One thread at a time.
template <class T>
class map_results {
 public:
  using result_type = T;
  using iterator = map_iterator<map_results>;

  explicit map_results(std::vector<future<T>> futures) noexcept : futures_(std::move(futures)) {}
  map_results(map_results&& other) noexcept
      : futures_(std::move(other.futures_)), next_(std::exchange(other.next_, 0)) {}
  map_results& operator=(map_results&& other) noexcept {
    map_results(std::move(other)).swap(*this);
    return *this;
  }
  ~map_results() { cancel_unread(); }

  void swap(map_results& other) noexcept {
    futures_.swap(other.futures_);
    std::swap(next_, other.next_);
  }

  [[nodiscard]] iterator begin() noexcept { return iterator(*this); }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

  /// How many results have not been read yet.
  [[nodiscard]] std::size_t size() const noexcept { return futures_.size() - next_; }

  /// Ends the map here, as destroying it does: begin() is end() from now on.
  void close() noexcept {
    cancel_unread();
    futures_.clear();
    next_ = 0;
  }

 private:
  friend iterator;

  std::add_lvalue_reference_t<T> read() {
    if (is_exhausted()) [[unlikely]]
      throw_map_ended();
    return futures_[next_].result();
  }

  void advance() noexcept {
    if (is_exhausted()) return;
    futures_[next_] = future<T>();
    ++next_;
  }

  [[nodiscard]] bool is_exhausted() const noexcept { return next_ == futures_.size(); }

  void cancel_unread() noexcept {
    for (; next_ < futures_.size(); ++next_) {
      if (futures_[next_].valid()) futures_[next_].cancel();
    }
  }

  std::vector<future<T>> futures_;
  std::size_t next_ = 0;
};

}  // namespace heddle
