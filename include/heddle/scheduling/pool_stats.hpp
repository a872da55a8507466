// SPDX-License-Identifier: MIT
// What a pool of threads has done so far, and what it does now: counted where it costs next to nothing.
#pragma once

#include <cstddef>
#include <cstdint>

#include <heddle/base/atomic.hpp>
#include <heddle/base/cpu.hpp>

namespace heddle::scheduling {

/// All numbers are approximate while the pool works: they are not read at one moment.
struct pool_stats {
  // ---- now

  /// How many work at a time: what the pool was made with, or resized to.
  std::size_t workers = 0;
  /// Threads that sleep since they have found no work.
  std::size_t idle_workers = 0;
  /// Calls that wait in queues, with those that were cancelled or claimed there and have not left yet.
  std::size_t queued_jobs = 0;
  /// Threads that stand in for workers that block, or lend their stack to one whose own is nearly used up.
  std::size_t stand_ins = 0;

  // ---- since the start

  std::size_t stand_ins_started = 0;
  /// How often a thread that was to stand in could not be started: the system refused it, or memory ended.
  std::size_t stand_ins_failed = 0;
  /// Calls that workers have taken out of queues, to run them or because they had ended there. What parallel loops
  /// do is not counted, nor what waiters claim, until it leaves its queue.
  std::uint64_t jobs_run = 0;
  /// Calls that workers have taken from other workers' queues.
  std::uint64_t jobs_stolen = 0;
  /// Parts of parallel loops and of parallel_invoke() that workers which were idle have taken from others.
  std::uint64_t tasks_stolen = 0;
  /// How often a worker went to sleep for lack of work.
  std::uint64_t times_parked = 0;
};

/// A number that one thread changes and any may read: a load and a store, no read-modify-write.
class own_count {
 public:
  void add_one() noexcept {
    value_.store(value_.load(base::relaxed) + 1,
                 base::relaxed);  // relaxed: nobody else writes it, and it orders nothing
  }
  [[nodiscard]] std::uint64_t read() const noexcept { return value_.load(base::relaxed); }  // relaxed: as above

  /// The same where what was done before is to be seen by who reads it.
  void add_one_and_publish() noexcept {
    // [pool_stats.1] release: read_published() acquires it. relaxed: as above.
    value_.store(value_.load(base::relaxed) + 1, base::release);
  }
  [[nodiscard]] std::uint64_t read_published() const noexcept {
    return value_.load(base::acquire);  // [pool_stats.1] acquire: see add_one_and_publish()
  }

 private:
  base::atomic<std::uint64_t> value_{0};
};

/// What a worker counts, on a line that it alone writes.
struct alignas(base::cache_line) worker_counts {
  own_count jobs_run;
  own_count jobs_stolen;
  own_count tasks_stolen;
  own_count parked;
  own_count woken;
  own_count ended;  // 1 once the thread takes no work any more

  /// Whether the worker sleeps for lack of work, or has ended; then `sleeps` grows by how often it has begun to.
  [[nodiscard]] bool is_asleep(std::uint64_t& sleeps) const noexcept {
    const std::uint64_t woken_before = woken.read_published();
    const std::uint64_t parked_since = parked.read_published();
    sleeps += parked_since;
    return parked_since > woken_before || ended.read_published() != 0;
  }

  void add_to(pool_stats& total) const noexcept {
    total.jobs_run += jobs_run.read();
    total.jobs_stolen += jobs_stolen.read();
    total.tasks_stolen += tasks_stolen.read();
    const std::uint64_t woken_before = woken.read();
    const std::uint64_t parked_since = parked.read();
    total.times_parked += parked_since;
    if (parked_since > woken_before) ++total.idle_workers;
  }
};

}  // namespace heddle::scheduling
