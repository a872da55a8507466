// SPDX-License-Identifier: MIT
// The results of a map() with options, and of map_unordered(): bounded in time, in the size of its tasks and in how
// many wait to be read.
#pragma once

#include <cstddef>
#include <exception>
#include <iterator>
#include <string>
#include <type_traits>
#include <utility>

#include <heddle/base/boxed.hpp>
#include <heddle/errors.hpp>
#include <heddle/map_iterator.hpp>
#include <heddle/map_results.hpp>
#include <heddle/sync/deadline.hpp>
#include <heddle/unread_results.hpp>

namespace heddle {

/// `total` is 0 where it is not known.
[[noreturn, gnu::noinline]] inline void throw_map_timeout(std::size_t read, std::size_t total) {
  throw map_timeout_error(
      "the timeout of a map() passed: " +
      (total == 0 ? "results read by then: " + std::to_string(read)
                  : std::to_string(total - read) + " (of " + std::to_string(total) + ") results were unread") +
      "; calls that had not begun are cancelled; give the map more time, or smaller work");
}

/// The results of map() with options, in the order of the input. A single-pass range as map_results: reading an element
/// waits for it, and throws what its call threw; going on after that reads the next one. One thread at a time.
///
/// After the timeout, reading a result that is not done throws map_timeout_error. With a buffer, the next task is
/// submitted just before the first element of one is given; where that fails, because the executor was shut down or a
/// range throws, what was submitted before is still given, and then that error is thrown. After both errors the map has
/// ended. Destroying it cancels what was not read and has not begun.
///
/// Those of map_unordered() come in the order in which their calls end; `Unread` makes the difference. To move on from
/// an element that was not read waits for it then, and throws at the timeout, too.
template <class Input, class Unread = unread_results<typename Input::result_type>>
class bounded_map_results {
 public:
  using result_type = typename Input::result_type;
  using iterator = map_iterator<bounded_map_results>;

  /// Of calls that are all submitted.
  bounded_map_results(sync::deadline until, Unread submitted) noexcept : until_(until), unread_(std::move(submitted)) {}

  /// Of those that `input` submits: `buffersize` tasks now. Throws what that throws.
  bounded_map_results(sync::deadline until, std::size_t buffersize, base::boxed<Input> input)
      : until_(until), input_(std::move(input)) {
    while (buffersize-- != 0) {
      if (input_->submit_next(unread_)) continue;
      input_.reset();
      return;
    }
  }

  bounded_map_results(bounded_map_results&& other) noexcept
      : until_(other.until_),
        unread_(std::move(other.unread_)),
        input_(std::move(other.input_)),
        failure_(std::exchange(other.failure_, nullptr)),
        read_(other.read_),
        is_refilled_(other.is_refilled_) {}
  bounded_map_results& operator=(bounded_map_results&& other) noexcept {
    bounded_map_results(std::move(other)).swap(*this);
    return *this;
  }
  ~bounded_map_results() = default;

  void swap(bounded_map_results& other) noexcept {
    std::swap(until_, other.until_);
    unread_.swap(other.unread_);
    input_.swap(other.input_);
    std::swap(failure_, other.failure_);
    std::swap(read_, other.read_);
    std::swap(is_refilled_, other.is_refilled_);
  }

  [[nodiscard]] iterator begin() noexcept { return iterator(*this); }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

  /// How many results have not been read yet; only where the ranges know their sizes.
  [[nodiscard]] std::size_t size() const
    requires Input::is_counted
  {
    return unread_.size() + (input_ ? input_->remaining() : 0) + (failure_ == nullptr ? 0 : 1);
  }

  /// Which element of the input is given now, from 0 on; also before it is read, and where its call failed. Waits and
  /// throws as reading it does, except for what its call threw.
  [[nodiscard]] std::size_t index()
    requires(!Unread::is_ordered)
  {
    find_front();
    return unread_.index();
  }

  /// Ends the map here, as destroying it does: begin() is end() from now on. Ranges that were moved in are destroyed.
  void close() noexcept {
    unread_.cancel_all();
    input_.reset();
    failure_ = nullptr;
  }

 private:
  friend iterator;

  std::add_lvalue_reference_t<result_type> read() {
    find_front();
    return unread_.front();
  }

  /// Waits for the next element, and refills the buffer.
  void find_front() {
    if (unread_.empty()) throw_end();
    if (!unread_.wait_for_front(until_)) throw_timeout();
    refill();
  }

  void advance() noexcept(Unread::is_ordered) {
    if (unread_.empty()) {
      failure_ = nullptr;
      return;
    }
    if constexpr (!Unread::is_ordered) find_front();
    refill();  // also if the element was not read
    if (unread_.pop()) is_refilled_ = false;
    ++read_;
  }

  [[nodiscard]] bool is_exhausted() const noexcept { return unread_.empty() && failure_ == nullptr; }

  /// Submits the next task, once for each task that is read. Keeps what that throws for the end.
  void refill() noexcept {
    if (!input_ || std::exchange(is_refilled_, true)) return;
    try {
      if (input_->submit_next(unread_)) return;
    } catch (...) {
      failure_ = std::current_exception();
    }
    input_.reset();
  }

  [[noreturn]] void throw_end() {
    if (failure_ == nullptr) throw_map_ended();
    std::rethrow_exception(std::exchange(failure_, nullptr));
  }

  [[noreturn]] void throw_timeout() {
    const std::size_t total = total_or_zero();
    close();
    throw_map_timeout(read_, total);
  }

  [[nodiscard]] std::size_t total_or_zero() const {
    if constexpr (Input::is_counted) {
      return read_ + size();
    } else {
      return input_ ? 0 : read_ + unread_.size();
    }
  }

  sync::deadline until_;
  Unread unread_;
  base::boxed<Input> input_;    // of a buffer, until its end
  std::exception_ptr failure_;  // what submitting threw, given after what is unread
  std::size_t read_ = 0;
  bool is_refilled_ = false;  // for the task that is read now
};

}  // namespace heddle
