// SPDX-License-Identifier: MIT
// Jobs that become due at a time, the earliest first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <heddle/queue/job.hpp>
#include <heddle/sync/deadline.hpp>

namespace heddle::queue {

/// A job's place in a timer_heap. Not to be destroyed or moved while it is in one.
class timer {
 public:
  timer() noexcept = default;
  timer(const timer&) = delete;
  timer& operator=(const timer&) = delete;

  /// True from timer_heap::add() until it became due or was removed.
  [[nodiscard]] bool waits() const noexcept { return due_ != nullptr; }

 private:
  friend class timer_heap;
  job* due_ = nullptr;
  std::uint64_t order_ = 0;
  std::size_t position_ = 0;
};

/// A 4-ary heap: half as deep as a binary one, and the four children lie in one cache line. Times are in the heap
/// itself, so a comparison touches a timer only when two times are equal: then who was added first is due first.
class timer_heap {
 public:
  [[nodiscard]] bool empty() const noexcept { return heap_.empty(); }

  /// The time of the earliest timer; no_deadline if there is none.
  [[nodiscard]] sync::deadline next() const noexcept { return empty() ? sync::no_deadline : heap_.front().when; }

  /// Makes `due` due at `when`. May throw std::bad_alloc.
  void add(timer& added, sync::deadline when, job& due) {
    heap_.push_back({when, &added});
    added.due_ = &due;
    added.order_ = added_++;
    move_up(heap_.size() - 1, {when, &added});
  }

  void remove(timer& removed) noexcept {
    removed.due_ = nullptr;
    const entry last = heap_.back();
    heap_.pop_back();
    if (last.who == &removed) return;
    const std::size_t hole = removed.position_;
    if (hole > 0 && last < heap_[parent(hole)]) {
      move_up(hole, last);
    } else {
      move_down(hole, last);
    }
  }

  /// Takes out the earliest job if it is due; else null.
  [[nodiscard]] job* try_pop_due(sync::deadline now) noexcept {
    if (empty() || heap_.front().when > now) return nullptr;
    timer& earliest = *heap_.front().who;
    job* const due = earliest.due_;
    remove(earliest);
    return due;
  }

 private:
  struct entry {
    sync::deadline when;
    timer* who;

    [[nodiscard]] bool operator<(const entry& other) const noexcept {
      return when != other.when ? when < other.when : who->order_ < other.who->order_;
    }
  };

  static constexpr std::size_t children = 4;
  static std::size_t parent(std::size_t position) noexcept { return (position - 1) / children; }

  void put(std::size_t position, entry placed) noexcept {
    heap_[position] = placed;
    placed.who->position_ = position;
  }

  void move_up(std::size_t hole, entry placed) noexcept {
    for (; hole > 0 && placed < heap_[parent(hole)]; hole = parent(hole)) put(hole, heap_[parent(hole)]);
    put(hole, placed);
  }

  void move_down(std::size_t hole, entry placed) noexcept {
    for (std::size_t child = first_child(hole); child < heap_.size(); child = first_child(hole)) {
      const std::size_t earliest = earliest_from(child);
      if (!(heap_[earliest] < placed)) break;
      put(hole, heap_[earliest]);
      hole = earliest;
    }
    put(hole, placed);
  }

  static std::size_t first_child(std::size_t position) noexcept { return position * children + 1; }

  /// The earliest of the siblings that begin at `first`.
  [[nodiscard]] std::size_t earliest_from(std::size_t first) const noexcept {
    std::size_t earliest = first;
    for (std::size_t other = first + 1; other < first + children && other < heap_.size(); ++other) {
      if (heap_[other] < heap_[earliest]) earliest = other;
    }
    return earliest;
  }

  std::vector<entry> heap_;
  std::uint64_t added_ = 0;
};

}  // namespace heddle::queue
