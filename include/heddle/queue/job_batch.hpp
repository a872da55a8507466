// SPDX-License-Identifier: MIT
// Jobs that are made one after the other and queued together, or not at all.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <heddle/queue/job.hpp>

namespace heddle::queue {

/// Jobs that are still in it at the end of its life are refused.
class job_batch {
 public:
  job_batch() noexcept = default;
  job_batch(const job_batch&) = delete;
  job_batch& operator=(const job_batch&) = delete;
  ~job_batch() {
    for (job* const left : jobs_) {
      if (left != nullptr) left->refuse({});
    }
  }

  /// Throws std::bad_alloc.
  void reserve(std::size_t count) { jobs_.reserve(count); }

  /// The place of the next job, to be filled or left null. Before the job is made: a job without a place would be lost.
  /// Throws std::bad_alloc.
  [[nodiscard]] job*& add_place() { return jobs_.emplace_back(nullptr); }

  /// What was added. None of the places may be null then.
  [[nodiscard]] std::span<job*> jobs() noexcept { return jobs_; }

  /// They are somebody else's from now on.
  void give_away() noexcept { jobs_.clear(); }

 private:
  std::vector<job*> jobs_;
};

}  // namespace heddle::queue
