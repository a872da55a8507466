// SPDX-License-Identifier: MIT
// Threads that work in place of workers that block.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include <heddle/base/atomic.hpp>
#include <heddle/base/barrier.hpp>
#include <heddle/scheduling/crew.hpp>
#include <heddle/scheduling/thread.hpp>
#include <heddle/scheduling/worker.hpp>
#include <heddle/sync/deadline.hpp>

namespace heddle::scheduling {

/// How many workers block, how many threads stand in for them, and which of those rest meanwhile.
///
/// `blocked_` and `working_` are counted by everybody; the rest is written under `mutex_`. Who adds work, a worker that
/// blocks and a stand-in that goes to rest each put a full barrier between what they wrote and what they read, so that
/// one of them sees that a stand-in is needed.
class stand_ins {
 public:
  /// How many there may be, for work and for errands: a chain of waits that is deeper than a stack goes on as long as
  /// there is one for the next errand.
  static constexpr std::size_t most_for_work = 256;  // as many as Java's ForkJoinPool has
  static constexpr std::size_t most_for_errands = 2048;

  /// Runs a stand-in's thread; the argument is its worker.
  using body = thread::entry;

  stand_ins(crew& all, body run, std::size_t stack_size) : crew_(all), run_(run), stack_size_(stack_size) {}

  // relaxed, all four: the barrier orders; a stale answer brings one in late, or one too many.
  void worker_blocks() noexcept {
    blocked_.fetch_add(1, base::relaxed);
    base::full_barrier();
  }
  void worker_resumes() noexcept { blocked_.fetch_sub(1, base::relaxed); }
  [[nodiscard]] bool are_needed() const noexcept { return working_.load(base::relaxed) < blocked_.load(base::relaxed); }
  [[nodiscard]] bool are_too_many() const noexcept {
    return working_.load(base::relaxed) > blocked_.load(base::relaxed);
  }

  /// Brings one in, if one is needed and there may be one more. False if there is none.
  bool call() noexcept {
    const std::lock_guard lock(mutex_);
    return are_needed() && bring_in({}, most_for_work);
  }

  /// Brings one in for an errand alone. False if there is none.
  bool call_for(worker::errand errand) noexcept {
    const std::lock_guard lock(mutex_);
    return bring_in(errand, most_for_errands);
  }

  // Who goes calls `look_again()` when it does not count as working any more: a worker that blocked before may have
  // counted on it.

  /// A stand-in that is not needed now rests, with empty hands. True if it was called again, to do what its `assigned`
  /// says; false if its thread is to end.
  template <class LookAgain>
  bool rest(worker& resting, LookAgain look_again) noexcept {
    {
      const std::lock_guard lock(mutex_);
      working_.fetch_sub(1, base::relaxed);  // relaxed: as above
      // relaxed: written and read by its thread, and under the mutex.
      resting.called_in.store(joining_, base::relaxed);
      resting_.push_back(&resting);
    }
    base::full_barrier();
    look_again();
    // relaxed: the signal orders it.
    const auto called = [&resting] { return resting.called_in.load(base::relaxed); };
    resting.sleep_until(called, sync::deadline_after(longest_rest));
    const std::lock_guard lock(mutex_);
    if (std::erase(resting_, &resting) == 0) return true;
    seat_of(resting).is_free = true;
    return false;
  }

  /// A stand-in that finds no work, and there will be none: its thread ends.
  template <class LookAgain>
  void leave(worker& leaving, LookAgain look_again) noexcept {
    working_.fetch_sub(1, base::relaxed);  // relaxed: as above
    base::full_barrier();
    look_again();
    const std::lock_guard lock(mutex_);
    seat_of(leaving).is_free = true;
  }

  /// When the workers have ended: waits for the ends of all threads, those that begin meanwhile too. Those that rest
  /// end now. One thread at a time.
  void join() noexcept {
    {
      const std::lock_guard lock(mutex_);
      joining_ = true;
      for (worker* each : resting_) wake(*each);
    }
    for (std::size_t i = 0;; ++i) {
      std::unique_lock lock(mutex_);
      if (i == seats_.size()) return;
      std::optional<thread> last = std::exchange(seats_[i].runner, std::nullopt);
      lock.unlock();
      if (last.has_value()) last->join();
    }
  }

  /// How many threads could not be started, and how many were.
  [[nodiscard]] std::size_t failures() const noexcept { return failures_.load(base::relaxed); }  // relaxed: a count
  [[nodiscard]] std::size_t started() const noexcept { return started_.load(base::relaxed); }    // relaxed: a count

 private:
  static constexpr std::chrono::seconds longest_rest{5};

  /// A stand-in's record, and its thread, which is over if the seat is free.
  struct seat {
    worker* who = nullptr;
    std::optional<thread> runner = std::nullopt;
    bool is_free = true;
  };

  // The caller of these holds the mutex.

  seat& seat_of(const worker& who) noexcept { return seats_[who.number - 1 - crew_.size()]; }

  bool bring_in(worker::errand errand, std::size_t most) noexcept {
    if (!resting_.empty()) {
      worker& called = *resting_.back();
      resting_.pop_back();
      called.assigned = errand;
      working_.fetch_add(1, base::relaxed);  // relaxed: as above
      wake(called);
      return true;
    }
    return start(errand, most);
  }

  bool start(worker::errand errand, std::size_t most) noexcept {
    try {
      seat* const taken = free_seat(most);
      if (taken == nullptr) return false;
      if (std::optional<thread> former = std::exchange(taken->runner, std::nullopt); former.has_value()) former->join();
      taken->who->assigned = errand;
      taken->runner.emplace(run_, taken->who, stack_size_);
      taken->is_free = false;
    } catch (...) {
      failures_.fetch_add(1, base::relaxed);  // relaxed: a count
      return false;
    }
    working_.fetch_add(1, base::relaxed);  // relaxed: as above
    started_.fetch_add(1, base::relaxed);  // relaxed: a count
    return true;
  }

  /// Null if all are taken. Throws std::bad_alloc.
  seat* free_seat(std::size_t most) {
    for (seat& each : seats_) {
      if (each.is_free && !joining_) return &each;
    }
    if (seats_.size() >= most) return nullptr;
    seats_.reserve(seats_.size() + 1);
    resting_.reserve(seats_.size() + 1);
    seats_.push_back({.who = &crew_.add_worker()});
    seats_.back().who->stands_in = true;
    return &seats_.back();
  }

  static void wake(worker& called) noexcept {
    called.called_in.store(true, base::relaxed);  // relaxed: wake() releases it
    called.wake();
  }

  crew& crew_;
  const body run_;
  const std::size_t stack_size_;
  base::atomic<std::int32_t> blocked_{0};
  base::atomic<std::int32_t> working_{0};
  base::atomic<std::size_t> failures_{0};
  base::atomic<std::size_t> started_{0};
  std::mutex mutex_;
  std::vector<worker*> resting_;
  std::vector<seat> seats_;
  bool joining_ = false;  // a seat that becomes free from now on stays so
};

}  // namespace heddle::scheduling
