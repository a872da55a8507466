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
#include <heddle/sync/park.hpp>

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

  /// How many records they take at most, `extra` of them for a pool that grows and for threads that are lent.
  static constexpr std::size_t most(std::size_t for_work, std::size_t extra = 0) noexcept {
    return for_work + most_for_errands + extra;
  }

  /// Runs a stand-in's thread; the argument is its worker.
  using body = thread::entry;

  /// `most_for_work`: how many may work in place of workers that block, at a time. `most_extra`: how many more records
  /// there may be.
  stand_ins(crew& all, body run, std::size_t stack_size, std::size_t most_for_work, std::size_t most_extra = 0)
      : crew_(all),
        run_(run),
        stack_size_(stack_size),
        most_for_work_(most_for_work),
        most_(most(most_for_work, most_extra)) {}

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

  /// As if so many workers more blocked for good: a pool is larger than it was made. They come at once, as far as they
  /// can be started, and those that are too many rest when they find no work.
  void set_extra(std::int32_t more) noexcept {
    const std::lock_guard lock(mutex_);
    // relaxed: as worker_blocks().
    blocked_.fetch_add(more - extra(), base::relaxed);
    extra_.store(more, base::relaxed);
    while (!joining_ && are_needed() && may_begin() && bring_in({})) {
    }
  }

  /// Whether there may be any for work.
  [[nodiscard]] bool may_work() const noexcept { return most_for_work_ != 0; }

  /// There is a new job, or a worker less: wakes a worker, or brings one in if one is needed and there may be one more.
  [[gnu::noinline]] void call_somebody() noexcept {
    if (crew_.call_worker() || !are_needed() || !may_come()) [[likely]]
      return;
    if (crew_.idle().somebody_searches() || crew_.idle().somebody_is_parked()) return;
    const std::lock_guard lock(mutex_);
    if (are_needed() && may_begin()) bring_in({});
  }

  /// Brings one in for an errand alone. False if there is none.
  bool call_for(worker::errand errand) noexcept {
    const std::lock_guard lock(mutex_);
    return for_errands_ < most_for_errands && bring_in(errand);
  }

  /// A record for a thread that is not the pool's, which works beside the others until it gives it back: neither of
  /// them is a stand-in for anybody. Null if there are too many, or the pool has ended. Throws std::bad_alloc.
  [[nodiscard]] worker* take_loan() {
    const std::lock_guard lock(mutex_);
    seat* const taken = joining_ ? nullptr : free_seat();
    if (taken == nullptr) return nullptr;
    taken->is_free = false;
    // relaxed, all: as above; written by who makes the record the thread's.
    taken->who->called_off.store(false, base::relaxed);
    taken->who->is_lent = true;
    lent_.fetch_add(1, base::relaxed);
    arrivals_.fetch_add(1, base::relaxed);
    blocked_.fetch_add(1, base::relaxed);
    working_.fetch_add(1, base::relaxed);
    return taken->who;
  }

  /// The thread works no more. Nobody counts on it, for the reasons of retirement; what it has left in its deque has
  /// been announced. The pool may be gone afterwards.
  void end_loan(worker& lent) noexcept {
    working_.fetch_sub(1, base::relaxed);  // relaxed, both: as above
    blocked_.fetch_sub(1, base::relaxed);
    lent.is_lent = false;
    vacate(lent);
    const sync::parking_word* const address = &lent_;
    lent_.fetch_sub(1, base::release);  // [stand_ins.1] release: it has left
    sync::unpark_all(address);
  }

  // Who goes calls `look_again()` when it does not count as working any more: a worker that blocked before may have
  // counted on it.

  /// A stand-in with empty hands, which is one too many or has run its errand, rests. True if it was called again, to
  /// do what its `assigned` says, or works on, since others have gone before it; false if its thread is to end.
  template <class LookAgain>
  bool rest(worker& resting, LookAgain look_again) noexcept {
    {
      const std::lock_guard lock(mutex_);
      if (!are_too_many() && works_on(seat_of(resting))) return true;
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

  /// When the workers have ended: waits for the ends of all threads, those that begin meanwhile too, and until those
  /// that are lent have left. Those that rest end now. One thread at a time.
  void join() noexcept {
    {
      const std::lock_guard lock(mutex_);
      joining_ = true;
      for (worker* each : resting_) wake(*each);
    }
    wait_for_loans();  // first: who leaves may bring in another one
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
  /// How often one has begun to, a lent thread too.
  [[nodiscard]] std::uint64_t arrivals() const noexcept { return arrivals_.load(base::relaxed); }
  /// Those that do so in place of somebody who blocks.
  [[nodiscard]] std::size_t standing_in() const noexcept {
    const std::size_t others = lent_.load(base::relaxed) + static_cast<std::size_t>(extra());
    const std::size_t all = working();
    return all > others ? all - others : 0;
  }
  [[nodiscard]] std::size_t failures() const noexcept { return failures_.load(base::relaxed); }
  [[nodiscard]] std::size_t started() const noexcept { return started_.load(base::relaxed); }

 private:
  void wait_for_loans() noexcept {
    for (;;) {
      const std::uint32_t lent = lent_.load(base::acquire);  // [stand_ins.1] acquire: see end_loan()
      if (lent == 0) return;
      sync::park_until(lent_, lent, sync::no_deadline);
    }
  }

  // relaxed: as worker_blocks().
  [[nodiscard]] std::int32_t extra() const noexcept { return extra_.load(base::relaxed); }
  [[nodiscard]] bool may_come() const noexcept { return most_for_work_ != 0 || extra() != 0; }

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

  [[nodiscard]] bool may_begin() const noexcept {
    return for_work_ < most_for_work_ + static_cast<std::size_t>(extra());
  }
  [[nodiscard]] seat& seat_of(const worker& whose) noexcept { return seats_[whose.number - 1 - crew_.first_size()]; }
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
    arrivals_.fetch_add(1, base::relaxed);  // relaxed, both: as above
    working_.fetch_add(1, base::relaxed);
  }

  /// Null if all are taken. Throws std::bad_alloc.
  seat* free_seat() {
    for (seat& each : seats_) {
      if (each.is_free && !joining_) return &each;
    }
    if (seats_.size() >= most_) return nullptr;
    seats_.reserve(seats_.size() + 1);
    resting_.reserve(seats_.size() + 1);
    seats_.push_back({.who = &crew_.add_worker()});
    seats_.back().who->stands_in = true;
    return &seats_.back();
  }

  /// Where there are not too many: several may have seen at once that one was. Nobody brings a stand-in back for
  /// what is forked, so a larger pool keeps as many as it is larger, also when one of them has gone while this one ran
  /// an errand.
  [[nodiscard]] bool works_on(seat& its) noexcept {
    if (its.use == purpose::work) return true;
    if (for_work_ >= static_cast<std::size_t>(extra())) return false;
    --count_of(std::exchange(its.use, purpose::work));
    ++count_of(its.use);
    return true;
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
  const std::size_t most_;
  base::atomic<std::int32_t> blocked_{0};
  base::atomic<std::int32_t> working_{0};
  base::atomic<std::int32_t> extra_{0};
  base::atomic<std::uint64_t> arrivals_{0};
  base::atomic<std::size_t> failures_{0};
  base::atomic<std::size_t> started_{0};
  sync::parking_word lent_{0};
  std::mutex mutex_;
  std::vector<worker*> resting_;
  std::vector<seat> seats_;
  std::size_t for_work_ = 0;
  std::size_t for_errands_ = 0;
  bool joining_ = false;  // a seat that becomes free from now on stays so
};

}  // namespace heddle::scheduling
