// SPDX-License-Identifier: MIT
// A job for tests of queues: it has a number and does nothing.
#pragma once

#include <heddle/queue/job.hpp>

namespace heddle_test {

struct numbered_job final : heddle::queue::job {
  explicit numbered_job(int its_number = 0)
      : job([](job&, unsigned, const heddle::queue::refusal*) noexcept {}), number(its_number) {}
  int number;
};

inline int number_of(const heddle::queue::job* one) { return static_cast<const numbered_job*>(one)->number; }

}  // namespace heddle_test
