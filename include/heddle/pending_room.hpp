// SPDX-License-Identifier: MIT
// How many calls of a pool may wait, and what happens to the next one.
#pragma once

#include <cstddef>
#include <utility>

#include <heddle/base/atomic.hpp>
#include <heddle/base/shared_value.hpp>
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

}  // namespace heddle
