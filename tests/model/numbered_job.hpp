// SPDX-License-Identifier: MIT
// A job for models of queues: it knows its number, and has a content that its producer writes.
#pragma once

#include <heddle/queue/job.hpp>

#include "model/plain.hpp"

namespace heddle_model {

struct numbered_job : heddle::queue::job {
  explicit numbered_job(int its_number = 0)
      : job([](job&, unsigned, const heddle::queue::refusal*) noexcept {}), number(its_number) {}

  /// What a producer does to a job before it pushes it.
  void fill() { content = number; }
  /// Whether the job has arrived with what fill() wrote.
  [[nodiscard]] bool is_filled() const { return content == number; }

  int number;
  plain<int> content = -1;
};

inline numbered_job& numbered(heddle::queue::job* one) { return *static_cast<numbered_job*>(one); }

}  // namespace heddle_model
