// SPDX-License-Identifier: MIT
// What a map with options has submitted and its reader has not read: futures, or chunks, in the order of the input.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

#include <heddle/base/fifo.hpp>
#include <heddle/base/shared_value.hpp>
#include <heddle/future.hpp>
#include <heddle/map_chunk.hpp>
#include <heddle/sync/deadline.hpp>
#include <heddle/unread_chunk.hpp>

namespace heddle {

/// Destroying it cancels what has not begun. It holds calls or chunks, not both.
template <class T>
class unread_results {
 public:
  static constexpr bool is_ordered = true;

  unread_results() noexcept = default;
  explicit unread_results(std::vector<future<T>> calls) noexcept : calls_(std::move(calls)) {}
  unread_results(unread_results&& other) noexcept
      : calls_(std::move(other.calls_)),
        chunks_(std::move(other.chunks_)),
        in_chunks_(std::exchange(other.in_chunks_, 0)) {}
  unread_results& operator=(unread_results&& other) noexcept {
    unread_results(std::move(other)).swap(*this);
    return *this;
  }
  ~unread_results() { cancel_all(); }

  void swap(unread_results& other) noexcept {
    calls_.swap(other.calls_);
    chunks_.swap(other.chunks_);
    std::swap(in_chunks_, other.in_chunks_);
  }

  [[nodiscard]] bool empty() const noexcept { return calls_.empty() && chunks_.empty(); }

  /// How many elements, not tasks.
  [[nodiscard]] std::size_t size() const noexcept { return calls_.size() + in_chunks_; }

  /// Adds the future that `submit()` returns. The room is made first: without it no call could be cancelled.
  template <class Submit>
  void add_call(const Submit& submit) {
    calls_.make_room();
    calls_.push(submit());
  }

  template <class Submit>
  void add_chunk(base::shared_value<chunk_results<T>> results, const Submit& submit) {
    chunks_.make_room();
    const std::size_t size = results->size();
    chunks_.push(unread_chunk<T>{std::move(results), submit()});
    in_chunks_ += size;
  }

  /// Waits for the first element's task; false at the deadline.
  [[nodiscard]] bool wait_for_front(sync::deadline until) {
    return calls_.empty() ? future_access::wait_until(chunks_.front().task, until)
                          : future_access::wait_until(calls_.front(), until);
  }

  /// The first element's result, which stays until pop(), or throws its error.
  [[nodiscard]] std::add_lvalue_reference_t<T> front() {
    return calls_.empty() ? chunks_.front().front() : calls_.front().result();
  }

  /// Drops the first element. True if it was the last one of its task.
  bool pop() noexcept {
    if (!calls_.empty()) {
      static_cast<void>(calls_.pop());
      return true;
    }
    --in_chunks_;
    if (!chunks_.front().pop()) return false;
    static_cast<void>(chunks_.pop());
    return true;
  }

  void cancel_all() noexcept {
    while (!calls_.empty()) calls_.pop().cancel();
    while (!chunks_.empty()) chunks_.pop().cancel();
    in_chunks_ = 0;
  }

 private:
  base::fifo<future<T>> calls_;
  base::fifo<unread_chunk<T>> chunks_;
  std::size_t in_chunks_ = 0;
};

}  // namespace heddle
