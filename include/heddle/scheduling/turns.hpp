// SPDX-License-Identifier: MIT
// How a pool that runs one call at a time goes on while calls of it wait.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>

#include <heddle/base/atomic.hpp>
#include <heddle/queue/lane.hpp>
#include <heddle/scheduling/crew.hpp>
#include <heddle/scheduling/worker.hpp>

namespace heddle::scheduling {

/// A pool that was made with one worker gives out as many turns as workers are to work at a time, and whoever runs
/// calls of it has one. A worker whose call waits for something that needs this very pool gives its turn away: then a
/// stand-in runs what is queued, and the worker goes on with its call when it has a turn again. So there are never more
/// calls between two waits at a time than workers, and none is buried under another one on a stack.
///
/// Who works keeps its turn, also while it sleeps for lack of work, and gives it away between two calls when somebody
/// else is to go on. Who gets one sees what was done in it: that is what the mutex is for, too.
///
/// Pools that were made with more workers have no turns, and stand-ins for all who wait.
class turns {
 public:
  turns(crew& all, bool are_needed, std::size_t most_stand_ins) noexcept
      : crew_(all), are_limited_(are_needed), most_suspended_(most_stand_ins) {}

  [[nodiscard]] bool are_limited() const noexcept { return are_limited_; }

  /// Whether calls wait that gave their turns away: then others may do what a call waits for that keeps its own.
  /// Relaxed: where there is one turn, it is changed by who has that.
  [[nodiscard]] bool are_shared() const noexcept { return are_limited_ && suspended_.load(base::relaxed) != 0; }

  /// In which lane to queue what a call of the pool queues, or what has become due: those that wait need such calls,
  /// and not those that are queued before them and would wait too.
  [[nodiscard]] queue::lane lane_for_inner(queue::lane to) const noexcept {
    return are_shared() ? queue::lane::high : to;
  }

  /// Whether there will be no stand-in any more if one more call waits: then only what others need is to begin, which
  /// is in the lane of the highest priority. Not where there may be one at all: what the first one needs was queued
  /// before.
  [[nodiscard]] bool are_scarce() const noexcept {
    // relaxed: as above.
    return are_shared() && most_suspended_ > 1 && suspended_.load(base::relaxed) >= most_suspended_;
  }

  /// Whether somebody waits for a turn. Relaxed: read again and again.
  [[nodiscard]] bool are_wanted() const noexcept { return are_limited_ && wanted_.load(base::relaxed) != 0; }

  /// The same of one that the worker has.
  [[nodiscard]] bool are_wanted_of(const worker& self) const noexcept { return are_wanted() && has_turn(self); }

  /// So many more, or fewer, from now on. Any thread.
  void add(std::int32_t more) noexcept {
    if (!are_limited_) return;
    const std::lock_guard lock(mutex_);
    free_ = free_ + more;
    hand_out();
  }

  /// The worker has a turn when this returns; it may have one already. Who waits longest is the next to have one.
  void take(worker& self) noexcept {
    if (!are_limited_ || has_turn(self)) return;
    if (!queue_up(self)) return;
    crew_.call_all_to_end();  // who sleeps for lack of work may have one
    self.sleep_until([&self] { return has_turn(self); });
    const std::lock_guard of_who_gave_it(mutex_);
  }

  /// The worker has none any more.
  void give(worker& self) noexcept {
    if (!are_limited_ || !has_turn(self)) return;
    const std::lock_guard lock(mutex_);
    self.has_turn.store(false, base::relaxed);  // relaxed: nobody else reads it
    ++free_;
    hand_out();
  }

  /// Between two calls: who waits for a turn goes first.
  void offer(worker& self) noexcept {
    if (!are_wanted()) [[likely]]
      return;
    give(self);
    take(self);
  }

  /// The worker's call waits, and others go on meanwhile.
  void suspend(worker& self) noexcept {
    suspended_.fetch_add(1, base::relaxed);  // relaxed: see are_shared()
    give(self);
  }
  void resume(worker& self) noexcept {
    take(self);
    suspended_.fetch_sub(1, base::relaxed);  // relaxed: as above
    crew_.call_all_to_end();                 // a stand-in that sleeps is one too many
  }

  // ---- a call that has no room on its worker's stack

  /// Runs on another thread, which has the turn of the worker that waits for it.
  void borrow(worker& self) noexcept { self.has_turn.store(true, base::relaxed); }  // relaxed, both: its own
  void end_borrowing(worker& self) noexcept { self.has_turn.store(false, base::relaxed); }

 private:
  // relaxed: written by its own thread, or under the mutex, which that takes before it goes on.
  static bool has_turn(const worker& self) noexcept { return self.has_turn.load(base::relaxed); }

  /// False if the worker has got a turn at once.
  [[nodiscard]] bool queue_up(worker& self) noexcept {
    const std::lock_guard lock(mutex_);
    self.next_for_turn = nullptr;
    if (last_ == nullptr) {
      first_ = &self;
    } else {
      last_->next_for_turn = &self;
    }
    last_ = &self;
    count_wanted(1);
    hand_out();
    return !has_turn(self);
  }

  // The caller of these holds the mutex.

  void hand_out() noexcept {
    while (free_ > 0 && first_ != nullptr) {
      worker& next = *first_;
      first_ = next.next_for_turn;
      if (first_ == nullptr) last_ = nullptr;
      --free_;
      count_wanted(-1);
      next.has_turn.store(true, base::relaxed);  // relaxed: see has_turn()
      next.wake();
    }
  }

  void count_wanted(std::int32_t more) noexcept {
    wanted_.store(wanted_.load(base::relaxed) + more, base::relaxed);  // relaxed, both: written under the mutex
  }

  crew& crew_;
  const bool are_limited_;
  const std::size_t most_suspended_;
  base::atomic<std::uint32_t> suspended_{0};
  base::atomic<std::int32_t> wanted_{0};
  std::mutex mutex_;
  std::int32_t free_ = 1;
  worker* first_ = nullptr;
  worker* last_ = nullptr;
};

}  // namespace heddle::scheduling
