// SPDX-License-Identifier: MIT
// Items with a future each, of which the next one that is done is wanted again and again: completion_set and
// map_unordered() are made of it.
#pragma once

#include <cstddef>
#include <utility>

#include <heddle/base/stable_array.hpp>
#include <heddle/completion/completion_queue.hpp>
#include <heddle/completion/shared_state.hpp>
#include <heddle/completion/wait_for_many.hpp>
#include <heddle/future_range.hpp>
#include <heddle/sync/deadline.hpp>

namespace heddle {

/// Owns items until they are done, while more are added: each is registered once, and a wait costs what happened since
/// the last one, however many there are. One thread at a time. Destroying it drops those that are left.
template <class Item>
class awaited_items {
 public:
  awaited_items() noexcept = default;
  awaited_items(const awaited_items&) = delete;
  awaited_items& operator=(const awaited_items&) = delete;
  ~awaited_items() { unwatch_all(); }

  /// Lets the next add() have room. Throws std::bad_alloc.
  void make_room() {
    if (free_ != nullptr) return;
    entry& made = entries_.add();
    made.position = entries_.size() - 1;
    free_ = &made;
  }

  /// Takes in an item that is done when `state` is, which it owns; after make_room().
  void add(Item added, completion::state_base& state) noexcept {
    entry& place = *std::exchange(free_, static_cast<entry*>(free_->later()));
    place.item = std::move(added);
    ++size_;
    if (queue_.try_watch(place, state)) {
      cursor_.add(place.position);
    } else {
      take_arrived();  // they were done before
      make_ready(place);
    }
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

  /// Waits until an item is done; false at the deadline. There must be one. Without a deadline a worker runs what is
  /// queued in its own pool meanwhile. Throws invalid_state_error where it would block an event loop.
  [[nodiscard]] bool wait_until(sync::deadline until) {
    for (;;) {
      take_arrived();
      if (first_ready_ != nullptr) return true;
      if (until != sync::no_wait) throw_if_blocking_event_loop();
      if (until == sync::no_deadline && cursor_.try_run_one(entries_)) continue;
      if (!queue_.wait_until(until)) return false;
    }
  }

  /// The item that was done first, after wait_until().
  [[nodiscard]] Item take() noexcept {
    auto& taken = static_cast<entry&>(static_cast<completion::completion_queue::entry&>(*first_ready_));
    first_ready_ = taken.next;
    if (first_ready_ == nullptr) last_ready_ = nullptr;
    --size_;
    taken.next = free_;
    free_ = &taken;
    return std::move(taken.item);
  }

  /// Takes all back, the newest last, and hands them to `end(item)`; then it must only be destroyed. Places without an
  /// item are handed on, too, with one that was moved from or default-constructed.
  template <class End>
  void end_all(const End& end) noexcept {
    unwatch_all();
    if (empty()) return;
    for (std::size_t i = 0; i < entries_.size(); ++i) end(entries_[i].item);
  }

 private:
  struct entry : completion::completion_queue::entry {
    std::size_t position = 0;
    Item item{};
  };

  void make_ready(entry& ready) noexcept {
    ready.next = nullptr;
    if (last_ready_ == nullptr) {
      first_ready_ = &ready;
    } else {
      last_ready_->next = &ready;
    }
    last_ready_ = &ready;
  }

  void take_arrived() noexcept {
    auto* each = queue_.take_arrived();
    while (each != nullptr) {
      auto* const later = each->later();
      make_ready(static_cast<entry&>(*each));
      each = later;
    }
  }

  void unwatch_all() noexcept {
    for (std::size_t i = 0; i < entries_.size() && queue_.outstanding() != 0; ++i) queue_.try_unwatch(entries_[i]);
    queue_.take_outstanding();
  }

  completion::completion_queue queue_;
  completion::claim_cursor cursor_;
  base::stable_array<entry> entries_;
  completion::waiter* first_ready_ = nullptr;  // done and not yet taken, in order
  completion::waiter* last_ready_ = nullptr;
  entry* free_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace heddle
