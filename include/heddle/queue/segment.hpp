// SPDX-License-Identifier: MIT
// The pieces that a list of pointers to jobs is made of, and one in reserve.
#pragma once

#include <cstddef>

#include <heddle/base/atomic.hpp>
#include <heddle/queue/job.hpp>

namespace heddle::queue {

/// One kilobyte. An array, because a list that is linked through its jobs makes who pops chase cold lines.
struct segment {
  static constexpr std::size_t capacity = 126;

  segment* next = nullptr;
  std::size_t end = capacity;  // its slots from here on are empty: only a sweep makes it less
  job* slots[capacity];
};

/// Keeps one segment that has been emptied for who needs the next one, so that steady traffic never allocates.
///
/// One thread at a time gives, one at a time takes, and the two may meet: who gives writes only over null, who takes
/// only null. More than one segment is not kept: the memory of a backlog goes back with the backlog.
class spare_segment {
 public:
  spare_segment() noexcept = default;
  spare_segment(const spare_segment&) = delete;
  spare_segment& operator=(const spare_segment&) = delete;
  // relaxed: nobody uses what is destroyed.
  ~spare_segment() { delete kept_.load(base::relaxed); }

  /// Throws std::bad_alloc.
  [[nodiscard]] segment* take_or_make() {
    // [segment.1] acquire: who emptied the segment is done with it, see give().
    segment* const taken = kept_.load(base::acquire);
    if (taken == nullptr) return new segment;
    kept_.store(nullptr,
                base::relaxed);  // relaxed: says nothing of the segment, which is the taker's since it was given
    taken->next = nullptr;
    taken->end = segment::capacity;
    return taken;
  }

  void give(segment* emptied) noexcept {
    if (kept_.load(base::relaxed) != nullptr) {  // relaxed: only compared with
      delete emptied;
    } else {
      // [segment.1] release: take_or_make() acquires; the segment is the taker's from here on.
      kept_.store(emptied, base::release);
    }
  }

 private:
  base::atomic<segment*> kept_{nullptr};
};

}  // namespace heddle::queue
