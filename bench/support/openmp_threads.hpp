// SPDX-License-Identifier: MIT
// OpenMP with a number of threads, each on a CPU of its own.
#pragma once

#include <omp.h>

#include <cstddef>

#include "support/placement.hpp"

namespace heddle_bench {

/// Makes parallel regions of the thread that makes it have `threads` threads, and pins those but the caller, which is
/// to be a pinned_caller. Both libgomp and libomp keep their threads from one region to the next.
class openmp_threads {
 public:
  explicit openmp_threads(unsigned threads) {
    omp_set_dynamic(0);
    omp_set_num_threads(static_cast<int>(threads));
#pragma omp parallel
    {
      const int index = omp_get_thread_num();
      if (index > 0) pin_helper(static_cast<std::size_t>(index - 1));
    }
  }
};

}  // namespace heddle_bench
