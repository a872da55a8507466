// SPDX-License-Identifier: MIT
// When a queue is looked through for jobs that somebody else has run or cancelled, so that they do not pile up.
#pragma once

#include <cstdint>
#include <vector>

#include <heddle/base/atomic.hpp>
#include <heddle/queue/injection_queue.hpp>
#include <heddle/queue/job.hpp>

namespace heddle::queue {

/// Sweeps when more than half of a queue may be tombstones: each job that is looked at and stays is paid for by one
/// that goes. Any thread; one at a time sweeps.
class tombstone_sweep {
 public:
  /// `so_far`: how many tombstones the queue has ever had.
  void look_after(injection_queue& jobs, std::uint64_t so_far) noexcept {
    // relaxed: a count, which another thread may have seen later than this one.
    const std::uint64_t checked_at = checked_at_.load(base::relaxed);
    if (so_far < checked_at || so_far - checked_at < many) [[likely]]
      return;
    // [tombstone_sweep.1] acquire: swept_at_, of the last one who did it.
    if (sweeping_.exchange(true, base::acquire)) return;
    checked_at_.store(so_far, base::relaxed);  // relaxed: a count
    if (so_far > swept_at_ && so_far - swept_at_ > jobs.size_hint() / 2) {
      swept_at_ = so_far;
      sweep(jobs);
    }
    sweeping_.store(false, base::release);  // [tombstone_sweep.1] release: for the next one
  }

 private:
  static constexpr std::uint64_t many = 1024;

  /// The tombstones are ended outside the queue's locks, since that may run destructors of results.
  [[gnu::noinline]] static void sweep(injection_queue& jobs) noexcept {
    std::vector<job*> found;
    try {
      found.reserve(jobs.size_hint());
    } catch (...) {
      return;  // they leave when their turn comes
    }
    jobs.sweep([&found](job& each) noexcept {
      if (found.size() == found.capacity() || !each.is_tombstone()) return false;
      found.push_back(&each);
      return true;
    });
    for (job* const each : found) each->run();
  }

  base::atomic<std::uint64_t> checked_at_{0};
  base::atomic<bool> sweeping_{false};
  std::uint64_t swept_at_ = 0;  // of who has set sweeping_
};

}  // namespace heddle::queue
