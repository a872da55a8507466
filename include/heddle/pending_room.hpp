// SPDX-License-Identifier: MIT
// How many calls of a pool may wait, and what happens to the next one.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include <heddle/base/atomic.hpp>
#include <heddle/base/shared_value.hpp>
#include <heddle/errors.hpp>
#include <heddle/future.hpp>
#include <heddle/sync/event_count.hpp>
#include <heddle/sync/put_off.hpp>
#include <heddle/sync/this_thread.hpp>

namespace heddle {

/// What submit() does when as many calls wait as may. block: waits until fewer do; a call that submits to its own pool
/// runs the new one itself instead, since it may be the one that others wait for, and in an event loop, which must not
/// wait, it is as reject. caller_runs: runs the call in the caller. reject: throws executor_full_error.
enum class when_full { block, caller_runs, reject };

/// Places for calls that wait. Any thread. Who has one shares the room, which may outlive its pool.
class pending_room {
 public:
  explicit pending_room(std::size_t most) noexcept : most_(most) {}

  [[nodiscard]] std::size_t most() const noexcept { return most_; }

  [[nodiscard]] bool try_take() noexcept {
    std::size_t seen = taken_.load(base::relaxed);  // relaxed, all: a count, the queue orders what it counts
    while (seen < most_) {
      if (taken_.compare_exchange_weak(seen, seen + 1, base::relaxed, base::relaxed)) return true;
    }
    return false;
  }

  /// The same, and waits until it succeeds or `is_over()`, about which end_waits() tells.
  template <class IsOver>
  [[nodiscard]] bool wait_and_take(const IsOver& is_over) noexcept {
    sync::put_off::run_all();
    const sync::blocking_scope blocked(nullptr);
    for (;;) {
      const auto key = changes_.prepare_wait();
      const bool took = try_take();
      if (took || is_over()) {
        changes_.cancel_wait();
        return took;
      }
      changes_.wait(key);
    }
  }

  void give_back() noexcept {
    taken_.fetch_sub(1, base::relaxed);  // relaxed: notify_one() orders it before the waiters' look
    changes_.notify_one();
  }

  void end_waits() noexcept { changes_.notify_all(); }

 private:
  const std::size_t most_;
  base::atomic<std::size_t> taken_{0};
  sync::event_count changes_;
};

/// One place of a call, given back once.
class pending_place {
 public:
  /// None, if there is no room.
  explicit pending_place(base::shared_value<pending_room> room) noexcept : room_(std::move(room)) {}
  pending_place(pending_place&&) noexcept = default;
  pending_place& operator=(pending_place&&) = delete;
  ~pending_place() { leave(); }

  void leave() noexcept {
    if (room_.has_value()) std::exchange(room_, {})->give_back();
  }

 private:
  base::shared_value<pending_room> room_;
};

/// The options max_pending and when_full of a pool. Any thread.
class pending_limit {
 public:
  pending_limit(std::size_t most, when_full then)
      : then_(then),
        room_(most == 0 ? base::shared_value<pending_room>() : base::shared_value<pending_room>(std::in_place, most)) {}

  /// False for a pool whose calls may be as many as memory holds: then nothing is counted.
  [[nodiscard]] bool is_set() const noexcept { return room_.has_value(); }

  /// A place for one more call; none if the caller is to run it. Of a pool that is full throws executor_full_error if
  /// that is the policy, and first what `check_open()` throws of one that takes nothing, `is_closed()`. A worker whose
  /// stack is nearly used up, by calls that it has run so, exceeds the limit instead: its place is no place.
  template <class IsClosed, class CheckOpen>
  [[nodiscard]] std::optional<pending_place> admit(bool is_worker, const IsClosed& is_closed,
                                                   const CheckOpen& check_open) {
    if (!is_set() || room_->try_take()) return pending_place(room_);
    check_open();
    const bool waits = then_ == when_full::block && !is_worker;
    if (then_ == when_full::reject || (waits && would_block_event_loop())) throw executor_full_error(room_->most());
    if (waits && room_->wait_and_take(is_closed)) return pending_place(room_);
    check_open();
    if (is_worker && sync::current_context::get()->is_deep()) return pending_place({});
    return std::nullopt;
  }

  /// Whoever waits looks whether the pool is closed.
  void end_waits() noexcept {
    if (is_set()) room_->end_waits();
  }

 private:
  const when_full then_;
  const base::shared_value<pending_room> room_;
};

}  // namespace heddle
