// SPDX-License-Identifier: MIT
// The identity of those who may run a job out of turn, and how often that happened.
#pragma once

#include <cstdint>

#include <heddle/base/atomic.hpp>

namespace heddle::queue {

/// A job that was run, or cancelled, before its queue got to it stays there as a tombstone until its turn comes.
/// Whoever owns the queue sweeps it when there may be many. Any thread.
class job_home {
 public:
  job_home() noexcept = default;
  job_home(const job_home&) = delete;
  job_home& operator=(const job_home&) = delete;

  /// A queue has one more tombstone.
  void note_tombstone() const noexcept { tombstones_.fetch_add(1, base::relaxed); }  // relaxed: a count

  /// How many there have ever been. Relaxed: a count.
  [[nodiscard]] std::uint64_t tombstones_so_far() const noexcept { return tombstones_.load(base::relaxed); }

 protected:
  ~job_home() = default;

 private:
  mutable base::atomic<std::uint64_t> tombstones_{0};
};

/// Stands for several homes, or for one that is not known. Only its address counts.
[[nodiscard]] inline const job_home* any_home() noexcept {
  alignas(job_home) static constexpr char place = 0;
  return reinterpret_cast<const job_home*>(&place);
}

/// What stands for both, each of which may be null: for none.
[[nodiscard]] inline const job_home* merged(const job_home* one, const job_home* other) noexcept {
  if (one == nullptr || one == other) return other;
  return other == nullptr ? one : any_home();
}

/// A home, or null, and whether more than that is needed, in one pointer.
class marked_home {
 public:
  /// Of any_home() the mark is left: no job is at home there.
  explicit marked_home(const job_home* home) noexcept
      : bits_(home == any_home() ? mark_bit : reinterpret_cast<std::uintptr_t>(home)) {}

  [[nodiscard]] const job_home* home() const noexcept { return reinterpret_cast<const job_home*>(bits_ & ~mark_bit); }
  [[nodiscard]] bool is_marked() const noexcept { return (bits_ & mark_bit) != 0; }
  void mark() noexcept { bits_ |= mark_bit; }

 private:
  static constexpr std::uintptr_t mark_bit = 1;
  std::uintptr_t bits_;
};

}  // namespace heddle::queue
