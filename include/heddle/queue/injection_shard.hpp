// SPDX-License-Identifier: MIT
// A part of an injection queue: a list of jobs for each lane, with one lock for who pushes and one for who pops.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>

#include <heddle/base/atomic.hpp>
#include <heddle/base/cpu.hpp>
#include <heddle/base/spin_lock.hpp>
#include <heddle/queue/job.hpp>
#include <heddle/queue/lane.hpp>
#include <heddle/queue/segment.hpp>
#include <heddle/queue/segment_list.hpp>

namespace heddle::queue {

/// The word that the shards of a queue share: which lists have jobs. The bits that list_set leaves free are the
/// queue's.
using occupancy_word = base::atomic<std::uint64_t>;

/// `pushing_` guards the back of all lists, `closed_` and `marked_`; `popping_` guards the fronts. Who takes both takes
/// `popping_` first.
///
/// A list's bit in the word, and its copy in `marked_`, are written under `pushing_`: set by who pushes into a list
/// that is not marked, cleared by who has found the list empty under both locks. So a list with jobs is marked whenever
/// `pushing_` is free, and only marks may be stale. The copy spares most pushes a look at the word, which all share.
class injection_shard {
 public:
  /// Pushes `added`, a job or a span of pointers to jobs; false, and it is left alone, once the shard is closed. The
  /// same if it throws std::bad_alloc.
  template <class Added>
  [[nodiscard]] bool try_push(Added& added, list_place where, occupancy_word& occupied) {
    const std::lock_guard lock(pushing_);
    if (closed_) return false;
    const std::size_t of = index(where);
    backs_[of].push(added, spare_);
    if (!marked_[of]) {
      marked_[of] = true;
      // relaxed: who sees the mark looks under the locks; that nobody misses it is for event_count, see
      // injection_queue.
      occupied.fetch_or(list_set(where).word(), base::relaxed);
    }
    return true;
  }

  /// Pops the oldest jobs of a list: of n that are there up to `share(n)`, which must not be 0. Returns how many, the
  /// rest of `into` is left alone; 0 if there are none.
  template <class Share>
  [[nodiscard]] std::size_t try_pop(std::span<job*> into, list_place where, occupancy_word& occupied,
                                    Share share) noexcept {
    const std::lock_guard lock(popping_);
    segment_list_front& front = fronts_[index(where)];
    const std::size_t there = front.count(1);
    if (there == 0) {
      unmark_if_empty(front, where, occupied);
      return 0;
    }
    const std::size_t wanted = share(there) < there ? share(there) : there;
    const std::size_t taken = wanted < into.size() ? wanted : into.size();
    front.pop(into.first(taken), spare_);
    return taken;
  }

  /// See segment_list_front::sweep(). Nobody pops from the shard meanwhile; who pushes is not held up.
  template <class TakeDead>
  std::size_t sweep(TakeDead& take_dead) noexcept {
    const std::lock_guard lock(popping_);
    std::size_t removed = 0;
    for (segment_list_front& front : fronts_) removed += front.sweep(take_dead, spare_);
    return removed;
  }

  /// Nobody pushes into the shard from here on, until close().
  void stop_pushing() noexcept { pushing_.lock(); }

  /// After stop_pushing(): nobody ever does.
  void close() noexcept {
    closed_ = true;
    pushing_.unlock();
  }

  /// How many jobs a list has, as far as the caller knows. Exact once nobody can push if what it returns is 0.
  [[nodiscard]] std::size_t size_hint(lane of) const noexcept {
    const std::size_t popped = fronts_[static_cast<std::size_t>(of)].popped();
    const std::size_t pushed = backs_[static_cast<std::size_t>(of)].pushed();
    return pushed > popped ? pushed - popped : 0;
  }

 private:
  static std::size_t index(list_place where) noexcept { return static_cast<std::size_t>(where.lane); }

  void unmark_if_empty(segment_list_front& front, list_place where, occupancy_word& occupied) noexcept {
    const std::lock_guard lock(pushing_);
    if (front.count(1) != 0) return;
    marked_[index(where)] = false;
    occupied.fetch_and(~list_set(where).word(), base::relaxed);  // relaxed: a hint; the list is under the locks
  }

  alignas(base::cache_line) base::spin_lock pushing_;
  bool closed_ = false;
  bool marked_[lane_count] = {};
  segment_list_back backs_[lane_count];

  alignas(base::cache_line) base::spin_lock popping_;
  segment_list_front fronts_[lane_count] = {segment_list_front(backs_[0]), segment_list_front(backs_[1]),
                                            segment_list_front(backs_[2])};

  alignas(base::cache_line) spare_segment spare_;  // one for all lanes: both sides touch it, once a segment
};

}  // namespace heddle::queue
