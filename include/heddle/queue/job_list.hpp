// SPDX-License-Identifier: MIT
// A first-in-first-out list of jobs, linked through the jobs themselves.
#pragma once

#include <utility>

#include <heddle/queue/job.hpp>

namespace heddle::queue {

/// Not synchronised: one thread at a time. Never allocates.
class job_list {
 public:
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }

  void push(job& added) noexcept {
    added.next = nullptr;
    if (first_ == nullptr) {
      first_ = &added;
    } else {
      last_->next = &added;
    }
    last_ = &added;
  }

  /// The oldest job, or null.
  [[nodiscard]] job* try_pop() noexcept {
    if (first_ == nullptr) return nullptr;
    return std::exchange(first_, first_->next);
  }

 private:
  job* first_ = nullptr;
  job* last_ = nullptr;  // meaningful only while the list is not empty
};

}  // namespace heddle::queue
