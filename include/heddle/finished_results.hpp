// SPDX-License-Identifier: MIT
// What a map_unordered() has submitted and its reader has not read: futures, or chunks, those first that are done
// first.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

#include <heddle/awaited_items.hpp>
#include <heddle/base/boxed.hpp>
#include <heddle/base/shared_value.hpp>
#include <heddle/future.hpp>
#include <heddle/map_chunk.hpp>
#include <heddle/sync/deadline.hpp>
#include <heddle/unread_chunk.hpp>

namespace heddle {

/// As unread_results, for bounded_map_results. Which element is the first one, wait_for_front() finds out: it comes
/// before front(), index() and pop().
template <class T>
class finished_results {
 public:
  static constexpr bool is_ordered = false;

  finished_results() noexcept = default;
  explicit finished_results(std::vector<future<T>> calls) {
    try {
      for (future<T>& each : calls) add_call([&each] { return std::move(each); });
    } catch (...) {
      for (future<T>& each : calls) {
        if (each.valid()) each.cancel();
      }
      throw;
    }
  }

  void swap(finished_results& other) noexcept { all_.swap(other.all_); }

  [[nodiscard]] bool empty() const noexcept { return size() == 0; }

  /// How many elements, not tasks.
  [[nodiscard]] std::size_t size() const noexcept { return all_ ? all_->added - all_->popped : 0; }

  /// Adds the future that `submit()` returns. The room is made first: without it no call could be cancelled.
  template <class Submit>
  void add_call(const Submit& submit) {
    submitted& all = with_room();
    item added;
    added.call = submit();
    all.add(std::move(added), 1);
  }

  template <class Submit>
  void add_chunk(base::shared_value<chunk_results<T>> results, const Submit& submit) {
    submitted& all = with_room();
    const std::size_t size = results->size();
    item added;
    added.chunk = {std::move(results), submit()};
    all.add(std::move(added), size);
  }

  /// Waits for a task that is done, whose elements are the next ones; false at the deadline. A worker runs what is
  /// queued in its own pool meanwhile, if there is none.
  [[nodiscard]] bool wait_for_front(sync::deadline until) {
    if (all_->front.is_empty()) {
      if (!all_->items.wait_until(until)) return false;
      all_->front = all_->items.take();
    }
    return true;
  }

  /// The first element's result, which stays until pop(), or throws its error.
  [[nodiscard]] std::add_lvalue_reference_t<T> front() {
    item& first = all_->front;
    return first.call.valid() ? first.call.result() : first.chunk.front();
  }

  /// Where the first element was in the input.
  [[nodiscard]] std::size_t index() const noexcept { return all_->front.index + all_->front.chunk.next; }

  /// Drops the first element. True if it was the last one of its task.
  bool pop() noexcept {
    item& first = all_->front;
    ++all_->popped;
    if (!first.call.valid() && !first.chunk.pop()) return false;
    first = item();
    return true;
  }

  void cancel_all() noexcept { all_.reset(); }

 private:
  /// A call, or a chunk of them.
  struct item {
    std::size_t index = 0;  // of its first element
    future<T> call;
    unread_chunk<T> chunk;

    [[nodiscard]] bool is_empty() const noexcept { return !call.valid() && !chunk.task.valid(); }
    [[nodiscard]] completion::state_base& state() const {
      if (call.valid()) return future_access::state_of(call);
      return future_access::state_of(chunk.task);
    }
    void cancel() noexcept {
      if (call.valid()) call.cancel();
      if (chunk.task.valid()) chunk.cancel();
    }
  };

  /// Stays where it is, since tasks report to it.
  struct submitted {
    submitted() noexcept = default;
    submitted(const submitted&) = delete;
    submitted& operator=(const submitted&) = delete;
    ~submitted() {
      items.end_all([](item& left) { left.cancel(); });
    }

    void add(item&& last, std::size_t size) noexcept {
      last.index = added;
      added += size;
      completion::state_base& state = last.state();
      items.add(std::move(last), state);
    }

    awaited_items<item> items;
    item front;  // that is done and read now
    std::size_t added = 0;
    std::size_t popped = 0;
  };

  submitted& with_room() {
    if (!all_) all_ = base::boxed<submitted>(std::in_place);
    all_->items.make_room();
    return *all_;
  }

  base::boxed<submitted> all_;
};

}  // namespace heddle
