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
  /// How many there may be for errands at a time, besides those for work: a chain of waits that is deeper than a stack
  /// goes on as long as there is one for the next errand.
  static constexpr std::size_t most_for_errands = 2048;

  /// How many records they take at most.
  static constexpr std::size_t most(std::size_t for_work) noexcept { return for_work + most_for_errands; }

  /// Runs a stand-in's thread; the argument is its worker.
  using body = thread::entry;

  /// `most_for_work`: how many may work in place of workers that block, at a time.
  stand_ins(crew& all, body run, std::size_t stack_size, std::size_t most_for_work)
      : crew_(all), run_(run), stack_size_(stack_size), most_for_work_(most_for_work) {}

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

  /// Whether there may be any for work.
  [[nodiscard]] bool may_work() const noexcept { return most_for_work_ != 0; }

  /// There is a new job, or a worker less: wakes a worker, or brings one in if one is needed and there may be one more.
  [[gnu::noinline]] void call_somebody() noexcept {
    if (crew_.call_worker() || !are_needed() || most_for_work_ == 0) [[likely]]
      return;
    if (crew_.idle().somebody_searches() || crew_.idle().somebody_is_parked()) return;
    const std::lock_guard lock(mutex_);
    if (are_needed() && for_work_ < most_for_work_) bring_in({});
  }

  /// Brings one in for an errand alone. False if there is none.
  bool call_for(worker::errand errand) noexcept {
    const std::lock_guard lock(mutex_);
    return for_errands_ < most_for_errands && bring_in(errand);
  }

  // Who goes calls `look_again()` when it does not count as working any more: a worker that blocked before may have
  // counted on it.

  /// A stand-in that is not needed now rests, with empty hands. True if it was called again, to do what its `assigned`
  /// says; false if its thread is to end.
  template <class LookAgain>
  bool rest(worker& resting, LookAgain look_again) noexcept {
    {
      const std::lock_guard lock(mutex_);
      count_out(resting);
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
    return std::erase(resting_, &resting) == 0;  // else nobody has called in time
  }

  /// A stand-in that finds no work, and there will be none, ends without having rested.
  template <class LookAgain>
  void leave(worker& leaving, LookAgain look_again) noexcept {
    {
      const std::lock_guard lock(mutex_);
      count_out(leaving);
    }
    base::full_barrier();
    look_again();
  }

  /// The last that a stand-in's thread does: its seat is for another one, which waits for no more than the thread's
  /// end. That can last as long as the user's thread_local objects like, so nobody holds the mutex meanwhile.
  void vacate(const worker& left) noexcept {
    std::unique_lock lock(mutex_);
    std::optional<thread> former = std::exchange(seat_of(left).former, std::nullopt);
    lock.unlock();
    if (former.has_value()) former->join();
    lock.lock();
    seat_of(left).is_free = true;
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

  /// How many work now, how many threads could not be started, and how many were. Relaxed, all: numbers only.
  [[nodiscard]] std::size_t working() const noexcept {
    const std::int32_t now = working_.load(base::relaxed);
    return now > 0 ? static_cast<std::size_t>(now) : 0;
  }
  [[nodiscard]] std::size_t failures() const noexcept { return failures_.load(base::relaxed); }
  [[nodiscard]] std::size_t started() const noexcept { return started_.load(base::relaxed); }

 private:
  static constexpr std::chrono::seconds longest_rest{5};

  enum class purpose : std::uint8_t { work, errand };

  /// A stand-in's record, what it was called for last, and its thread, which is over if the seat is free, and which
  /// joins the one that had the seat before.
  struct seat {
    worker* who = nullptr;
    std::optional<thread> runner = std::nullopt;
    std::optional<thread> former = std::nullopt;
    purpose use = purpose::work;
    bool is_free = true;
  };

  // The caller of these holds the mutex.

  [[nodiscard]] seat& seat_of(const worker& whose) noexcept { return seats_[whose.number - 1 - crew_.size()]; }
  [[nodiscard]] std::size_t& count_of(purpose use) noexcept { return use == purpose::work ? for_work_ : for_errands_; }

  bool bring_in(worker::errand errand) noexcept {
    if (resting_.empty()) return start(errand);
    worker& called = *resting_.back();
    resting_.pop_back();
    seat& its = seat_of(called);
    assign(its, errand);
    count_in(its);
    wake(called);
    return true;
  }

  bool start(worker::errand errand) noexcept {
    try {
      seat* const taken = free_seat();
      if (taken == nullptr) return false;
      assign(*taken, errand);
      taken->former.emplace(run_, taken->who, stack_size_);
      std::swap(taken->former, taken->runner);
      taken->is_free = false;
      count_in(*taken);
    } catch (...) {
      failures_.fetch_add(1, base::relaxed);  // relaxed: a count
      return false;
    }
    started_.fetch_add(1, base::relaxed);  // relaxed: a count
    return true;
  }

  static void assign(seat& to, worker::errand errand) noexcept {
    to.who->assigned = errand;
    to.use = errand.run == nullptr ? purpose::work : purpose::errand;
  }

  void count_in(const seat& begins) noexcept {
    ++count_of(begins.use);
    working_.fetch_add(1, base::relaxed);  // relaxed: as above
  }

  /// Null if all are taken. Throws std::bad_alloc.
  seat* free_seat() {
    for (seat& each : seats_) {
      if (each.is_free && !joining_) return &each;
    }
    if (seats_.size() >= most(most_for_work_)) return nullptr;
    seats_.reserve(seats_.size() + 1);
    resting_.reserve(seats_.size() + 1);
    seats_.push_back({.who = &crew_.add_worker()});
    seats_.back().who->stands_in = true;
    return &seats_.back();
  }

  void count_out(const worker& idle) noexcept {
    --count_of(seat_of(idle).use);
    working_.fetch_sub(1, base::relaxed);  // relaxed: as above
  }

  static void wake(worker& called) noexcept {
    called.called_in.store(true, base::relaxed);  // relaxed: wake() releases it
    called.wake();
  }

  crew& crew_;
  const body run_;
  const std::size_t stack_size_;
  const std::size_t most_for_work_;
  base::atomic<std::int32_t> blocked_{0};
  base::atomic<std::int32_t> working_{0};
  base::atomic<std::size_t> failures_{0};
  base::atomic<std::size_t> started_{0};
  std::mutex mutex_;
  std::vector<worker*> resting_;
  std::vector<seat> seats_;
  std::size_t for_work_ = 0;
  std::size_t for_errands_ = 0;
  bool joining_ = false;  // a seat that becomes free from now on stays so
};

}  // namespace heddle::scheduling
