// SPDX-License-Identifier: MIT
// Where the jobs of a pool wait: in a queue that all its workers share, and in a deque of each worker's own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include <heddle/base/barrier.hpp>
#include <heddle/queue/injection_queue.hpp>
#include <heddle/queue/job.hpp>
#include <heddle/queue/job_home.hpp>
#include <heddle/queue/lane.hpp>
#include <heddle/queue/tombstone_sweep.hpp>
#include <heddle/scheduling/crew.hpp>
#include <heddle/scheduling/pool_settings.hpp>
#include <heddle/scheduling/stand_ins.hpp>
#include <heddle/scheduling/worker.hpp>

namespace heddle::scheduling {

/// A job from outside goes into the common queue, one from a worker into its own deque; a pool of one takes all from
/// the common queue, in order, and so does one that was asked for that order. Jobs of other lanes than the normal one
/// always go through the common queue, where they have their turns. Whoever adds some calls somebody for them.
///
/// Anybody pushes into the common queue and closes it. What is said of a worker's own deque is for that worker's
/// thread.
class job_queues {
 public:
  job_queues(const queue::job_home& home, crew& workers, stand_ins& others, order of_own_jobs)
      : home_(home),
        crew_(workers),
        stand_ins_(others),
        has_own_deques_(workers.size() > 1 && of_own_jobs == order::lifo),
        common_(of_own_jobs == order::fifo ? 1 : shards_for(workers.size()), workers.size()) {}

  [[nodiscard]] queue::injection_queue& common() noexcept { return common_; }
  [[nodiscard]] const queue::injection_queue& common() const noexcept { return common_; }

  /// Whether workers have deques of their own, and whether what `here` adds, a worker or null, goes into its own.
  [[nodiscard]] bool has_own_deques() const noexcept { return has_own_deques_; }
  [[nodiscard]] bool takes_own(const worker* here, queue::lane to) const noexcept {
    return here != nullptr && to == queue::lane::normal && has_own_deques_ && !common_.is_closed();
  }

  /// A job, or a span of pointers to jobs, one at least: all or none. False if the queue is closed. Throws
  /// std::bad_alloc. `here` is the calling worker, or null.
  template <class Added>
  [[nodiscard]] bool try_push_common(const worker* here, Added& added, queue::lane to) {
    if (!common_.try_push(added, to)) return false;
    // The worker of a pool of one is awake when it calls.
    if (here == nullptr || crew_.has_company()) stand_ins_.call_somebody();
    sweep_.look_after(common_, home_.tombstones_so_far());
    return true;
  }

  /// Throws std::bad_alloc.
  void push_own(worker& here, queue::job& added) {
    here.jobs.push(added);
    announce_own();
    if (++here.pushes % pushes_per_look == 0) [[unlikely]]
      look_after_own(here);
  }

  /// The same for several, one at least, all or none: the first one is popped first. `added` is turned around.
  void push_own(worker& here, std::span<queue::job*> added) {
    for (std::size_t i = 0, j = added.size() - 1; i < j; ++i, --j) std::swap(added[i], added[j]);
    here.jobs.push_batch(added.data(), added.size());
    announce_own();
    look_after_own(here);
  }

  /// The calling worker has put something into its own deque.
  void announce_own() noexcept {
    // Who sleeps or blocks from now on puts a heavy barrier before a look at this deque.
    base::light_barrier();
    if (!base::has_heavy_barrier() || crew_.idle().somebody_is_parked() || stand_ins_.are_needed())
      stand_ins_.call_somebody();
  }

  /// Takes what the calling worker has claimed out of its own deque. False if it stays there as a tombstone.
  [[nodiscard]] bool try_withdraw(worker& here, const queue::job& claimed) noexcept {
    if (!here.jobs.try_take_out(claimed)) {
      ++here.own_tombstones;
      return false;
    }
    if (here.own_tombstones != 0) [[unlikely]]
      end_newest_tombstones(here);
    return true;
  }

 private:
  /// Once in so many pushes.
  static constexpr std::uint32_t pushes_per_look = 256;

  /// One for a few workers, so that the jobs of all threads are first in, first out.
  static constexpr std::size_t shards_for(std::size_t workers) noexcept { return workers <= 4 ? 1 : workers / 4; }

  /// Jobs that were claimed when they were not the newest, and are now: of two calls that are awaited in the order of
  /// their submission the first one is.
  [[gnu::noinline]] void end_newest_tombstones(worker& here) noexcept {
    while (here.own_tombstones != 0) {
      queue::job* const newest = here.jobs.try_pop();
      if (newest == nullptr) {
        here.own_tombstones = 0;  // others had them
        break;
      }
      --here.own_tombstones;  // also if this is none: so that as many are looked at as there were, and not more
      if (!newest->is_tombstone()) {
        here.jobs.push(*newest);  // does not throw: there is room where it came from
        announce_own();           // who has looked for it meanwhile may be about to sleep
        break;
      }
      newest->run();
    }
  }

  /// Ends the tombstones in the worker's own deque, when more than half of it may be: see tombstone_sweep. The order of
  /// the others stays.
  [[gnu::noinline]] void look_after_own(worker& here) noexcept {
    const std::uint64_t ever = home_.tombstones_so_far();
    const std::size_t size = here.jobs.size_hint();
    if (ever - here.tombstones_seen < pushes_per_look || ever - here.tombstones_seen <= size / 2) return;
    here.tombstones_seen = ever;
    for (std::size_t left = size; left != 0; --left) {
      queue::job* const oldest = here.jobs.try_steal().element;
      if (oldest == nullptr) continue;
      if (oldest->is_tombstone()) {
        oldest->run();
      } else {
        here.jobs.push(*oldest);  // as above
      }
    }
    announce_own();
  }

  const queue::job_home& home_;
  crew& crew_;
  stand_ins& stand_ins_;
  const bool has_own_deques_;
  queue::injection_queue common_;
  queue::tombstone_sweep sweep_;
};

}  // namespace heddle::scheduling
