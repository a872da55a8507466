// SPDX-License-Identifier: MIT
// A first-in-first-out list of pointers to jobs, in segments, at whose two ends two threads may work at a time.
#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include <heddle/base/atomic.hpp>
#include <heddle/queue/job.hpp>
#include <heddle/queue/segment.hpp>

namespace heddle::queue {

/// The end of a list where jobs are put in; segment_list_front is the other one. Each end is for one thread at a time.
///
/// `pushed_` counts the jobs ever put in. A slot, and the links that lead to it, are written before `pushed_` counts
/// its job and not after: what is counted belongs to the front, and the segment that is written to stays the last.
class segment_list_back {
 public:
  /// Throws std::bad_alloc; the list is then as it was.
  void push(job& added, spare_segment& spare) {
    if (room_ == 0) append(spare.take_or_make());
    put(added);
    publish(1);
  }

  /// All of them, in a row, or none.
  void push(std::span<job* const> added, spare_segment& spare) {
    segment* room_for_all = added.size() > room_ ? make_room(added.size() - room_, spare) : nullptr;
    for (job* const one : added) {
      if (room_ == 0) append(std::exchange(room_for_all, room_for_all->next));
      put(*one);
    }
    publish(added.size());
  }

  /// Exact for who is this end's only thread, and for who knows that nothing more is pushed. Else it may be stale.
  [[nodiscard]] std::size_t pushed() const noexcept {
    return pushed_.load(base::relaxed);  // relaxed: a number; what it counts is not touched
  }

 private:
  friend class segment_list_front;

  void put(job& added) noexcept {
    last_->slots[segment::capacity - room_] = &added;
    --room_;
  }

  void publish(std::size_t count) noexcept {
    // [segment_list.1] release: the front acquires the slots, their segments, and what the jobs were made of. The load
    //   is relaxed: nobody else writes the word.
    pushed_.store(pushed_.load(base::relaxed) + count, base::release);
  }

  void append(segment* added) noexcept {
    (last_ == nullptr ? first_ : last_->next) = added;
    last_ = added;
    room_ = segment::capacity;
  }

  /// As many segments as `count` jobs take, linked.
  static segment* make_room(std::size_t count, spare_segment& spare) {
    segment* made = nullptr;
    try {
      for (std::size_t room = 0; room < count; room += segment::capacity) {
        segment* const one = spare.take_or_make();
        one->next = made;
        made = one;
      }
    } catch (...) {
      while (made != nullptr) delete std::exchange(made, made->next);
      throw;
    }
    return made;
  }

  segment* first_ = nullptr;  // the first there ever was: written once, before the first job is counted
  segment* last_ = nullptr;
  std::size_t room_ = 0;  // slots of last_ that are free
  base::atomic<std::size_t> pushed_{0};
};

/// The end of a list where jobs are taken out. It belongs to one back, which it must not outlive, and owns the
/// segments.
///
/// `popped_` counts the jobs ever taken out, and `seen_` is what `pushed_` was when it was last read: its line belongs
/// to who pushes, so it is read again only when the jobs known of are too few.
class segment_list_front {
 public:
  explicit segment_list_front(const segment_list_back& back) noexcept : back_(back) {}
  segment_list_front(const segment_list_front&) = delete;
  segment_list_front& operator=(const segment_list_front&) = delete;
  ~segment_list_front() {
    segment* left = segment_ != nullptr ? segment_ : back_.first_;
    while (left != nullptr) delete std::exchange(left, left->next);
  }

  /// How many jobs there are, not counting any that were pushed lately if there are `enough` others.
  [[nodiscard]] std::size_t count(std::size_t enough) noexcept {
    const std::size_t taken = popped();
    // [segment_list.1] acquire: what is counted may be taken, see publish().
    if (seen_ - taken < enough) seen_ = back_.pushed_.load(base::acquire);
    return seen_ - taken;
  }

  /// Takes the oldest jobs, as many as `into` has room for. They must be there: count() has said so.
  void pop(std::span<job*> into, spare_segment& spare) noexcept {
    if (segment_ == nullptr) segment_ = back_.first_;
    for (job*& next : into) {
      while (next_ == segment_->end) leave_segment(spare);
      next = segment_->slots[next_++];
    }
    add_popped(into.size());
  }

  /// Asks `take_dead(job&)` of all jobs, the oldest first, except those in the last segment, where the back may be at
  /// work. Where it returns true the job is no longer in the list, and may be gone. Returns how many times it did.
  template <class TakeDead>
  std::size_t sweep(TakeDead take_dead, spare_segment& spare) noexcept {
    std::size_t unseen = count(never_enough);
    if (unseen == 0) return 0;
    if (segment_ == nullptr) segment_ = back_.first_;
    // The living move forward to (to, filled), which never overtakes (from, at).
    segment* to = segment_;
    std::size_t filled = next_;
    std::size_t removed = 0;
    segment* from = segment_;
    std::size_t at = next_;
    // While there are jobs behind a segment, it is linked to the next one and is not the last.
    for (; unseen > from->end - at; from = from->next, at = 0) {
      unseen -= from->end - at;
      for (; at != from->end; ++at) {
        job* const one = from->slots[at];
        if (take_dead(*one)) {
          ++removed;
          continue;
        }
        while (filled == to->end) {
          to = to->next;
          filled = 0;
        }
        to->slots[filled++] = one;
      }
    }
    if (from != segment_) cut_out(*to, filled, from, spare);
    add_popped(removed);
    return removed;
  }

  /// May be stale, but counts no job twice and none that was never pushed. Relaxed, as it is a number only.
  [[nodiscard]] std::size_t popped() const noexcept { return popped_.load(base::relaxed); }

 private:
  static constexpr std::size_t never_enough = static_cast<std::size_t>(-1);

  void add_popped(std::size_t count) noexcept {
    popped_.store(popped() + count, base::relaxed);  // relaxed: nobody else writes it; a number only
  }

  /// Only where more jobs are there: they are in the segments behind.
  void leave_segment(spare_segment& spare) noexcept {
    spare.give(std::exchange(segment_, segment_->next));
    next_ = 0;
  }

  /// Ends `to` at `filled` and gives back what is between it and `from`.
  static void cut_out(segment& to, std::size_t filled, segment* from, spare_segment& spare) noexcept {
    to.end = filled;
    segment* emptied = std::exchange(to.next, from);
    while (emptied != from) spare.give(std::exchange(emptied, emptied->next));
  }

  const segment_list_back& back_;
  segment* segment_ = nullptr;  // where the oldest job is, or was
  std::size_t next_ = 0;        // its slot
  std::size_t seen_ = 0;
  base::atomic<std::size_t> popped_{0};
};

}  // namespace heddle::queue
