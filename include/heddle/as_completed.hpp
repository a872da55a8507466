// SPDX-License-Identifier: MIT
// as_completed(): futures in the order in which they are done.
#pragma once

#include <cstddef>
#include <iterator>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <heddle/completion/completion_queue.hpp>
#include <heddle/completion/wait_for_many.hpp>
#include <heddle/errors.hpp>
#include <heddle/future_range.hpp>
#include <heddle/sync/deadline.hpp>
#include <heddle/sync/timeout.hpp>

namespace heddle {

/// What as_completed() returns: a single-pass range of references to futures. One thread at a time; it stays where it
/// is. Destroying it leaves the futures alone. `Range` is a range that it keeps, or a reference.
template <class Range>
class completions {
  using F = future_in<Range>;

 public:
  completions(Range&& range, sync::deadline until) : range_(std::forward<Range>(range)), until_(until) {
    const std::vector<F*> distinct = distinct_futures(range_);
    entries_ = std::vector<entry>(distinct.size());
    left_ = distinct.size();
    for (std::size_t i = 0; i < distinct.size(); ++i) watch(entries_[i], *distinct[i]);
  }
  completions(const completions&) = delete;
  completions& operator=(const completions&) = delete;
  ~completions() { stop(); }

  class iterator {
   public:
    using difference_type = std::ptrdiff_t;
    using value_type = std::remove_const_t<F>;
    using reference = F&;
    using iterator_concept = std::input_iterator_tag;

    /// The next future that is done, for which this waits; the same one until the iterator moves on. Throws
    /// timeout_error at the deadline, and then the range has ended.
    [[nodiscard]] F& operator*() const { return from_->current(); }
    [[nodiscard]] F* operator->() const { return &from_->current(); }
    iterator& operator++() {
      from_->move_on();
      return *this;
    }
    void operator++(int) { ++*this; }
    [[nodiscard]] bool operator==(std::default_sentinel_t) const noexcept { return from_->left_ == 0; }

   private:
    friend class completions;
    explicit iterator(completions& from) noexcept : from_(&from) {}
    completions* from_;
  };

  [[nodiscard]] iterator begin() noexcept { return iterator(*this); }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

  /// How many futures have not been read.
  [[nodiscard]] std::size_t size() const noexcept { return left_; }

 private:
  struct entry : completion::completion_queue::entry {
    F* future = nullptr;
  };

  void watch(entry& watching, F& watched) {
    watching.future = &watched;
    if (queue_.try_watch(watching, future_access::state_of(watched))) return;
    // Those that are done already come first, in the order of the range.
    watching.next = nullptr;
    if (newest_ready_ == nullptr) {
      first_ready_ = &watching;
    } else {
      newest_ready_->next = &watching;
    }
    newest_ready_ = &watching;
  }

  F& current() {
    if (first_ready_ == nullptr) wait();
    return *static_cast<entry*>(first_ready_)->future;
  }

  void move_on() {
    if (first_ready_ == nullptr) wait();
    first_ready_ = static_cast<completion::completion_queue::entry*>(first_ready_)->later();
    --left_;
  }

  void wait() {
    while ((first_ready_ = queue_.take_arrived()) == nullptr) {
      if (until_ != sync::no_wait) throw_if_blocking_event_loop();
      if (until_ == sync::no_deadline && cursor_.try_run_one(entries_)) continue;
      if (!queue_.wait_until(until_)) throw_timeout();
    }
  }

  [[noreturn]] void throw_timeout() {
    const std::size_t unfinished = left_;
    stop();
    left_ = 0;
    throw timeout_error(std::to_string(unfinished) + " (of " + std::to_string(entries_.size()) +
                        ") futures unfinished when the timeout of as_completed() was over");
  }

  void stop() noexcept {
    for (entry& each : entries_) queue_.try_unwatch(each);
    queue_.take_outstanding();
    first_ready_ = nullptr;
  }

  Range range_;
  const sync::deadline until_;
  completion::completion_queue queue_;
  completion::claim_cursor cursor_;
  std::vector<entry> entries_;
  completion::waiter* first_ready_ = nullptr;
  completion::waiter* newest_ready_ = nullptr;  // of those that were done at the beginning
  std::size_t left_ = 0;
};

/// The futures of a range in the order in which they are done: those that are done already first, each result once.
/// Python: concurrent.futures.as_completed.
///
/// Takes what wait() takes; an lvalue is referred to, an rvalue kept. The futures must stay where they are meanwhile.
/// `timeout` begins here and is for all of them: reading then throws timeout_error, which says how many were
/// unfinished, once nothing more is done in time; and invalid_state_error where it would block an event loop. Any
/// thread; without a timeout a worker runs what is queued in its own pool itself, the oldest first, while none of those
/// before it runs elsewhere, unless nobody else would run it.
///
///     for (heddle::future<page>& each : heddle::as_completed(pool.submit_bulk(download, addresses), 10s)) {
///       show(each.result());
///     }
template <future_range R>
[[nodiscard]] completions<R> as_completed(R&& futures, sync::timeout timeout = {}) {
  return completions<R>(std::forward<R>(futures), timeout.deadline());
}

/// For anything else: says what is wrong.
template <class R>
  requires(!future_range<R>)
void as_completed(R&&, sync::timeout = {}) {
  static_assert(has_futures<R>);
}

}  // namespace heddle
