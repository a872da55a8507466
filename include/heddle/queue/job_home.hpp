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

}  // namespace heddle::queue
