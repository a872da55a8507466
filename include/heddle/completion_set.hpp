// SPDX-License-Identifier: MIT
// completion_set<T>: futures of which one asks again and again for the next that is done.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <type_traits>
#include <utility>

#include <heddle/completion/completion_queue.hpp>
#include <heddle/completion/wait_for_many.hpp>
#include <heddle/errors.hpp>
#include <heddle/future.hpp>
#include <heddle/future_range.hpp>
#include <heddle/sync/deadline.hpp>
#include <heddle/sync/timeout.hpp>

namespace heddle {

/// A future that is done, and what completion_set::add() returned for it.
template <class T>
struct completed {
  std::size_t index;
  heddle::future<T> future;
};

/// Futures of which the next that is done is wanted, while more are added: each is registered once, and a wait costs
/// what happened since the last one, however many are in the set. It owns the futures until they are done. One thread
/// at a time. Destroying it drops those that are left, which neither blocks nor cancels.
///
///     heddle::completion_set<page> downloads;
///     for (const auto& address : start) downloads.add(pool.submit(download, address));
///     while (!downloads.empty()) {
///       auto [index, done] = downloads.wait_any();
///       for (const auto& link : done.result().links) downloads.add(pool.submit(download, link));
///     }
template <class T>
class completion_set {
 public:
  completion_set() noexcept = default;
  completion_set(const completion_set&) = delete;
  completion_set& operator=(const completion_set&) = delete;
  ~completion_set() {
    for (entry& each : entries_) queue_.try_unwatch(each);
    queue_.take_outstanding();
  }

  /// Takes the future in; returns how many were added before. If this throws, as invalid_state_error where it has no
  /// state, the future stays where it was.
  std::size_t add(future<T>&& added) {
    completion::state_base& state = future_access::state_of(added);
    entry& place = free_ != nullptr ? *std::exchange(free_, static_cast<entry*>(free_->later())) : new_entry();
    place.index = added_++;
    place.future = std::move(added);
    ++size_;
    if (queue_.try_watch(place, state)) {
      cursor_.add(place.position);
    } else {
      make_ready(place);
    }
    return place.index;
  }

  template <class Future>
    requires std::is_same_v<std::remove_const_t<Future>, future<T>>
  std::size_t add(Future&) {
    static_assert(!std::is_same_v<std::remove_const_t<Future>, future<T>>,
                  "a completion_set owns its futures until they are done: hand this one over, `add(std::move(f))`");
    return added_;
  }

  /// How many futures are in the set.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

  /// Waits for the next future that is done, and hands it out. Throws invalid_state_error if the set is empty, or where
  /// it would block an event loop. A worker runs what is queued in its own pool meanwhile, as as_completed() does.
  [[nodiscard]] completed<T> wait_any() {
    if (empty()) throw invalid_state_error("nothing is in this completion_set, so nothing will be done: ask empty()");
    wait_until(sync::no_deadline);
    return take();
  }

  /// The same for at most `timeout`, and without running anything here; nothing if none is done by then, or the set is
  /// empty.
  [[nodiscard]] std::optional<completed<T>> wait_any(sync::timeout timeout) {
    if (empty() || !wait_until(timeout.deadline())) return std::nullopt;
    return take();
  }

 private:
  struct entry : completion::completion_queue::entry {
    std::size_t index = 0;
    std::size_t position = 0;
    heddle::future<T> future;
  };

  entry& new_entry() {
    entry& made = entries_.emplace_back();
    made.position = entries_.size() - 1;
    return made;
  }

  void make_ready(entry& ready) noexcept {
    ready.next = nullptr;
    if (last_ready_ == nullptr) {
      first_ready_ = &ready;
    } else {
      last_ready_->next = &ready;
    }
    last_ready_ = &ready;
  }

  /// Whether one is ready.
  bool wait_until(sync::deadline until) {
    for (;;) {
      take_arrived();
      if (first_ready_ != nullptr) return true;
      if (until != sync::no_wait) throw_if_blocking_event_loop();
      if (until == sync::no_deadline && cursor_.try_run_one(entries_)) continue;
      if (!queue_.wait_until(until)) return false;
    }
  }

  void take_arrived() noexcept {
    auto* each = queue_.take_arrived();
    while (each != nullptr) {
      auto* const later = each->later();
      make_ready(static_cast<entry&>(*each));
      each = later;
    }
  }

  completed<T> take() noexcept {
    auto& taken = static_cast<entry&>(static_cast<completion::completion_queue::entry&>(*first_ready_));
    first_ready_ = taken.next;
    if (first_ready_ == nullptr) last_ready_ = nullptr;
    --size_;
    taken.next = free_;
    free_ = &taken;
    return {taken.index, std::move(taken.future)};
  }

  completion::completion_queue queue_;
  completion::claim_cursor cursor_;
  std::deque<entry> entries_;
  completion::waiter* first_ready_ = nullptr;  // done and not yet handed out, in order
  completion::waiter* last_ready_ = nullptr;
  entry* free_ = nullptr;
  std::size_t added_ = 0;
  std::size_t size_ = 0;
};

}  // namespace heddle
