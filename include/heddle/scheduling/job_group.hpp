// SPDX-License-Identifier: MIT
// Jobs of a pool that are awaited together, by a thread that runs them meanwhile if it is a worker of the pool.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <utility>

#include <heddle/base/atomic.hpp>
#include <heddle/base/spin_lock.hpp>
#include <heddle/queue/job.hpp>
#include <heddle/queue/job_home.hpp>
#include <heddle/queue/lane.hpp>
#include <heddle/scheduling/group_job.hpp>
#include <heddle/scheduling/other_stack.hpp>
#include <heddle/scheduling/pool.hpp>
#include <heddle/scheduling/unfinished_count.hpp>
#include <heddle/scheduling/worker.hpp>
#include <heddle/sync/patience.hpp>
#include <heddle/sync/put_off.hpp>
#include <heddle/sync/this_thread.hpp>

namespace heddle::scheduling {

/// A job that a worker of the pool adds goes into that worker's deque; any other one, and all of a group whose lane is
/// not the normal one, into the pool's common queue, and into `listed_`.
///
/// A worker that waits runs jobs of the group, and no others: those at the bottom of its own deque, those in the list,
/// those that it steals from other deques. If it finds none it spins, looks through its whole deque, and then sleeps,
/// and the pool may put in a stand-in, which takes what lies under other jobs in other deques. Another thread only
/// sleeps: it has not been through the pool's initializer, and a pool of one runs one job at a time.
///
/// Who writes what: `unfinished_` is written by whoever begins or ends a job; `lock_` guards `listed_` and `error_`.
/// The thread that made the group is the owner of `unfinished_` if it is a worker of the pool.
class job_group final : public queue::job_home {
 public:
  explicit job_group(pool& home, queue::lane its_lane = queue::lane::normal) noexcept
      : pool_(home), owner_(home.worker_of_this_thread()), lane_(its_lane) {}
  job_group(const job_group&) = delete;
  job_group& operator=(const job_group&) = delete;

  /// Queues the job, or leaves it alone and says why not, or throws std::bad_alloc. Any thread.
  [[nodiscard]] pool::admission try_add(group_job& added) {
    worker* const here = pool_.worker_of_this_thread();
    if (!pool_.queues().takes_own(here, lane_)) [[unlikely]]
      return try_add_listed(added, here);
    begin_one(here);
    try {
      pool_.queues().push_own(*here, added);
    } catch (...) {
      end_one();
      throw;
    }
    return pool::admission::accepted;
  }

  /// Returns when no job of the group is left. Any thread but one that runs a job of the group.
  void wait() noexcept {
    if (unfinished_.is_zero()) return;
    if (worker* const here = pool_.worker_of_this_thread()) return wait_and_help(*here);
    wait_until_done();
  }

  /// What the first job that failed threw, or null; once.
  [[nodiscard]] std::exception_ptr take_error() noexcept {
    if (!has_failed_.load(base::relaxed)) return nullptr;  // relaxed: who has waited sees what the jobs did
    const std::lock_guard lock(lock_);
    has_failed_.store(false, base::relaxed);  // relaxed: as above
    return std::exchange(error_, nullptr);
  }

  /// Jobs that begin from now on are to do nothing.
  void cancel() noexcept { is_cancelled_.store(true, base::relaxed); }  // relaxed: orders nothing
  void uncancel() noexcept {
    // relaxed, both: as above. No store to a line that others read, if it can be avoided.
    if (is_cancelled_.load(base::relaxed)) is_cancelled_.store(false, base::relaxed);
  }
  [[nodiscard]] bool is_cancelled() const noexcept { return is_cancelled_.load(base::relaxed); }  // relaxed: a hint

  // ---- for the jobs

  /// A job threw, or was refused. Only the first error is kept.
  void fail(std::exception_ptr error) noexcept {
    const std::lock_guard lock(lock_);
    if (has_failed_.load(base::relaxed)) return;  // relaxed: the lock orders it
    error_ = std::move(error);
    has_failed_.store(true, base::relaxed);  // relaxed: as above
  }

  /// The group may be gone afterwards.
  void end_one() noexcept { unfinished_.end(1); }

  void remove_from_list(group_job& removed) noexcept {
    const std::lock_guard lock(lock_);
    listed_.remove(removed);
  }

 private:
  void begin_one(const worker* here) noexcept {
    if (here == owner_ && here != nullptr) [[likely]] {
      unfinished_.begin_one_as_owner();
    } else {
      unfinished_.begin_one();
    }
  }

  [[gnu::noinline]] pool::admission try_add_listed(group_job& added, const worker* here) {
    // Once the job has run, before the queue has it perhaps, the group may be gone.
    pool& home = pool_;
    const queue::lane to = lane_;
    {
      const std::lock_guard lock(lock_);
      listed_.push(added);
      begin_one(here);
    }
    try {
      const pool::admission answer = home.try_push_common(static_cast<queue::job&>(added), to);
      if (answer == pool::admission::accepted || !withdraw(added)) return pool::admission::accepted;
      return answer;
    } catch (...) {
      if (!withdraw(added)) return pool::admission::accepted;
      throw;
    }
  }

  /// The queue does not take the listed job. False if somebody has claimed it, and runs it all the same.
  bool withdraw(group_job& withdrawn) noexcept {
    if (!withdrawn.try_claim()) {
      withdrawn.run();  // as the queue would have: it is a tombstone
      return false;
    }
    remove_from_list(withdrawn);
    end_one();
    return true;
  }

  // ---- waiting

  void wait_until_done() noexcept {
    sync::put_off::run_all();
    sync::patience patience;
    while (!patience.is_over()) {
      if (unfinished_.is_zero()) return;
      patience.pause();
    }
    const sync::blocking_scope blocked(nullptr);
    while (!unfinished_.is_zero()) unfinished_.sleep(unfinished_.announce_sleeper());
  }

  /// What a worker knows while it waits.
  struct helper {
    explicit helper(worker& its_self) noexcept : self(its_self) {}

    worker& self;
    std::uint32_t uncounted = 0;    // jobs of the group that it has run and not counted as ended
    bool met_others = false;        // the newest job in its deque is not the group's
    bool looked_near = false;       // nor are those below
    bool looked_through = false;    // nor is any other one there
    bool stealing_is_vain = false;  // the oldest job of another deque was not the group's
    other_stack fresh_stack;        // where jobs run if this one is nearly used up
  };

  void wait_and_help(worker& self) noexcept {
    const sync::blocking_allowed in_jobs;
    helper here(self);
    sync::patience patience;
    while (!unfinished_.is_zero(here.uncounted)) {
      if (run_some(here)) {
        patience.reset();
        here.stealing_is_vain = false;
        here.looked_near = false;
        here.looked_through = false;
      } else if (!patience.is_over()) {
        patience.pause();
      } else if (!run_buried(here)) {
        count(here);
        sync::put_off::run_all();
        const std::uint32_t seen = unfinished_.announce_sleeper();
        if (!run_listed(here)) sleep_once(seen);
        patience.reset();
      }
    }
    count(here);
  }

  void sleep_once(std::uint32_t seen) noexcept {
    const sync::blocking_scope blocked(nullptr);
    unfinished_.sleep(seen);
  }

  void count(helper& here) noexcept {
    if (here.uncounted != 0) unfinished_.end(std::exchange(here.uncounted, 0));
  }

  /// Runs jobs of the group, if it finds any.
  bool run_some(helper& here) noexcept {
    bool ran = false;
    while (!here.met_others && !unfinished_.is_zero(here.uncounted)) {
      queue::job* const newest = here.self.jobs.try_pop();
      if (newest == nullptr) break;
      ran |= run_if_own(here, *newest);
    }
    return ran || run_near(here) || run_listed(here) || run_stolen_job(here);
  }

  bool run_listed(helper& here) noexcept {
    if (listed_.empty_hint()) return false;
    std::unique_lock lock(lock_);
    group_job* const claimed = listed_.try_claim();
    lock.unlock();
    if (claimed == nullptr) return false;
    pool_.note_tombstone();
    here.fresh_stack.run(*claimed, [](queue::job& job) noexcept { static_cast<group_job&>(job).run_claimed(); });
    ++here.uncounted;
    here.met_others = false;
    return true;
  }

  bool run_stolen_job(helper& here) noexcept {
    // The room is for a job that is not the group's.
    if (here.stealing_is_vain || !here.self.jobs.try_reserve(1)) return false;
    queue::job* stolen = nullptr;
    pool_.members().rob_worker(here.self, [&stolen](worker& other) {
      stolen = other.jobs.empty_hint() ? nullptr : other.jobs.try_steal().element;
      return stolen != nullptr;
    });
    if (stolen == nullptr) return false;
    here.stealing_is_vain = !run_if_own(here, *stolen);
    if (!here.stealing_is_vain) here.self.counts.jobs_stolen.add_one();
    return !here.stealing_is_vain;
  }

  // What lies under jobs of others. push_own() does not throw: there is room where the job came from.

  /// Takes the group's newest job out of the deque, if there are fewer than `Most` jobs above it; else null.
  template <std::size_t Most>
  [[gnu::noinline]] queue::job* take_under_fewer_than(worker& self) noexcept {
    queue::job* above[Most];
    std::size_t count = 0;
    queue::job* found = nullptr;
    while (found == nullptr && count != Most) {
      queue::job* const newest = self.jobs.try_pop();
      if (newest == nullptr) break;
      (newest->home() == this ? found : above[count++]) = newest;
    }
    while (count != 0) pool_.queues().push_own(self, *above[--count]);
    return found;
  }

  /// At once, since it costs little.
  bool run_near(helper& here) noexcept {
    if (!here.met_others || std::exchange(here.looked_near, true)) return false;
    queue::job* const found = take_under_fewer_than<16>(here.self);
    if (found != nullptr) run_own(here, *found);
    return found != nullptr;
  }

  /// Before it sleeps, since there may be no stand-in that would come to it: looks through all of the deque. Only what
  /// it runs puts more there. After those that were added at last one at a time is taken off the top and put back at
  /// the bottom, so that others can steal meanwhile.
  bool run_buried(helper& here) noexcept {
    if (std::exchange(here.looked_through, true)) return false;
    queue::job* found = take_under_fewer_than<512>(here.self);
    for (std::size_t left = here.self.jobs.size_hint(); found == nullptr && left != 0; --left) {
      queue::job* const oldest = here.self.jobs.try_steal().element;
      if (oldest == nullptr) continue;
      if (oldest->home() == this) {
        found = oldest;
      } else {
        pool_.queues().push_own(here.self, *oldest);
      }
    }
    if (found == nullptr) return false;
    run_own(here, *found);
    here.looked_near = here.looked_through = false;
    return true;
  }

  /// True if the job is the group's: then it has run. Others go into the caller's deque, as its newest.
  bool run_if_own(helper& here, queue::job& found) noexcept {
    here.met_others = found.home() != this;
    if (here.met_others) {
      pool_.queues().push_own(here.self, found);  // does not throw: there is room where it came from, or room was made
    } else {
      run_own(here, found);
    }
    return !here.met_others;
  }

  void run_own(helper& here, queue::job& found) noexcept {
    here.met_others = false;
    here.self.counts.jobs_run.add_one();
    auto& own = static_cast<group_job&>(found);
    if (own.is_listed()) {
      here.fresh_stack.run(own, [](queue::job& job) noexcept { job.run(); });
    } else {
      here.fresh_stack.run(own, [](queue::job& job) noexcept { static_cast<group_job&>(job).run_unlisted(); });
      ++here.uncounted;
    }
  }

  pool& pool_;
  worker* const owner_;
  const queue::lane lane_;
  unfinished_count unfinished_;
  base::atomic<bool> is_cancelled_{false};
  base::atomic<bool> has_failed_{false};
  base::spin_lock lock_;
  group_list listed_;
  std::exception_ptr error_;
};

inline group_job::group_job(code its_code, job_group& group) noexcept : job(its_code, &group) {}

inline job_group& group_job::group() const noexcept {
  return const_cast<job_group&>(*static_cast<const job_group*>(home()));  // it was given one that is not const
}

}  // namespace heddle::scheduling
