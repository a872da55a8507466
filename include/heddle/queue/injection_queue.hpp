// SPDX-License-Identifier: MIT
// Where jobs enter a pool from any thread: first in, first out in each of three lanes, until it is closed.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <heddle/base/atomic.hpp>
#include <heddle/base/cpu.hpp>
#include <heddle/base/thread_number.hpp>
#include <heddle/queue/injection_shard.hpp>
#include <heddle/queue/job.hpp>
#include <heddle/queue/lane.hpp>

namespace heddle::queue {

/// Any thread may push, any may pop. The jobs of one thread in one lane are popped in the order in which it pushed
/// them; with one shard those of all threads are. A thread pushes into one shard, so that several threads need not
/// meet.
///
/// `occupied_` says which lists have jobs, and whether the queue is closed; the shards write the first (see there),
/// close() the second. Who finds nothing there has read one word; who finds something chooses a list by it.
///
/// *Nobody sleeps on a job.* A producer pushes and then calls event_count::notify; a consumer calls
/// event_count::prepare_wait(), then has_jobs(), and sleeps if that is false. Either the notifier sees the consumer, or
/// the consumer acquires [event_count.1] what came before the notification: the push, under a lock that was taken after
/// the list was marked last. So it sees that mark, or a later value of the word; and a later one without the mark was
/// written by who found the list empty, which means that the job had been popped. The same goes for the bit of close().
class injection_queue {
 public:
  /// `shards`: how many parts, of which producers share those that they must; rounded up to a power of two, at most 16.
  /// `consumers`: among how many the jobs are to be divided.
  injection_queue(std::size_t shards, std::size_t consumers)
      : shards_(std::bit_ceil(bounded(shards, list_set::most_shards))), consumers_(bounded(consumers, SIZE_MAX)) {}

  /// False, and the job is left alone, once the queue is closed. The same if it throws std::bad_alloc.
  [[nodiscard]] bool try_push(job& added, lane to = lane::normal) { return try_push_any(added, to); }

  /// Pushes all of them, in a row, or none of them.
  [[nodiscard]] bool try_push(std::span<job* const> added, lane to = lane::normal) {
    return added.empty() ? !is_closed() : try_push_any(added, to);
  }

  /// Pops up to into.size() of the oldest jobs of a list: the caller's share of a long one, one of a short one. Only
  /// one of a lane that is not normal: urgent jobs had better not wait for each other, and from the background one more
  /// is taken only if nothing more urgent has come meanwhile. Returns how many; 0 if there is none now that is as
  /// urgent as `least_urgent` or more. While there is one, another one may have its turn. Each consumer has `turns` of
  /// its own.
  [[nodiscard]] std::size_t try_pop(std::span<job*> into, consumer_turns& turns,
                                    lane least_urgent = lane::background) noexcept {
    if (into.empty()) return 0;
    for (;;) {
      const list_set occupied(occupied_.load(base::relaxed));  // relaxed: the shard is locked before it is looked at
      if ((occupied.word() & list_set::down_to(least_urgent)) == 0) return 0;
      const list_place where = turns.choose(occupied);
      // As if the lane's other lists were as long as this one.
      const auto lists = static_cast<std::size_t>(std::popcount(occupied.shards(where.lane)));
      const auto share = [&](std::size_t there) {
        return where.lane == lane::normal ? share_of(there * lists) : std::size_t{1};
      };
      const std::size_t popped = shards_[where.shard].try_pop(into, where, occupied_, share);
      if (popped == 0) continue;  // the mark was stale, and is gone
      turns.end_turn();
      return popped;
    }
  }

  /// No job is accepted from now on; those inside stay. Any number of times.
  void close() noexcept {
    // All of them stand still at once, or a push into one could succeed after one into another had failed.
    for (injection_shard& shard : shards_) shard.stop_pushing();
    // [injection_queue.1] release: whoever sees the queue closed sees how many jobs were pushed into it, see
    // finished().
    occupied_.fetch_or(closed_bit, base::release);
    for (injection_shard& shard : shards_) shard.close();
  }

  /// False only if there is no job: who looks after event_count::prepare_wait() may sleep on it. True may be stale
  /// until somebody pops in vain.
  [[nodiscard]] bool has_jobs() const noexcept {
    return !list_set(occupied_.load(base::relaxed)).empty();  // relaxed: see the class
  }

  /// True when the queue is closed and its last job has been popped: it stays so. While it is not yet known to the
  /// caller that a closed queue's last job has been popped, has_jobs() is true.
  [[nodiscard]] bool finished() const noexcept {
    // [injection_queue.1] acquire: the number of jobs is the last one, see close().
    const std::uint64_t seen = occupied_.load(base::acquire);
    return (seen & closed_bit) != 0 && size_of(list_set(seen)) == 0;
  }

  /// True from close() on. Relaxed: nothing else is read.
  [[nodiscard]] bool is_closed() const noexcept { return (occupied_.load(base::relaxed) & closed_bit) != 0; }

  /// How many jobs there are, or are in a lane and the more urgent ones; may be stale.
  [[nodiscard]] std::size_t size_hint(lane least_urgent = lane::background) const noexcept {
    return size_of(list_set(occupied_.load(base::relaxed) & list_set::down_to(least_urgent)));  // relaxed: a hint
  }

  /// Takes out jobs that need not be run, so that they do not pile up behind those that must. Asks `take_dead(job&)` of
  /// every job, except the last 126 or fewer of each list; where it returns true, it has taken the job over, and may
  /// have freed it. Returns how often it did. It must not throw, nor use the queue. Pushing goes on meanwhile.
  ///
  /// The queue does not know which jobs are dead, so it cannot count them: who makes a job dead counts, and sweeps when
  /// the count is more than half of size_hint(). Each job that is kept is then paid for by one that is removed.
  template <class TakeDead>
  std::size_t sweep(TakeDead take_dead) noexcept {
    std::size_t removed = 0;
    for (injection_shard& shard : shards_) removed += shard.sweep(take_dead);
    return removed;
  }

 private:
  static constexpr std::uint64_t closed_bit = list_set::all + 1;
  static constexpr std::size_t short_list = 8;
  static constexpr std::size_t longest_batch = 32;

  /// From 1 to `most`. (Not std::clamp: <algorithm> is a tenth of what including the thread pool would cost.)
  [[nodiscard]] static constexpr std::size_t bounded(std::size_t value, std::size_t most) noexcept {
    return value < 1 ? 1 : value > most ? most : value;
  }

  /// Half of what everybody would get: the rest is for who comes later, and the last jobs are spread most evenly.
  [[nodiscard]] std::size_t share_of(std::size_t backlog) const noexcept {
    if (backlog < short_list) return 1;
    return bounded(backlog / (2 * consumers_), longest_batch);
  }

  template <class Added>
  bool try_push_any(Added& added, lane to) {
    const std::size_t shard = shards_.size() == 1 ? 0 : base::thread_number() & (shards_.size() - 1);
    return shards_[shard].try_push(added, {to, static_cast<unsigned>(shard)}, occupied_);
  }

  [[nodiscard]] std::size_t size_of(list_set occupied) const noexcept {
    std::size_t size = 0;
    while (!occupied.empty()) {
      const list_place next = occupied.take_first();
      size += shards_[next.shard].size_hint(next.lane);
    }
    return size;
  }

  std::vector<injection_shard> shards_;
  const std::size_t consumers_;
  alignas(base::cache_line) occupancy_word occupied_{0};
};

}  // namespace heddle::queue
