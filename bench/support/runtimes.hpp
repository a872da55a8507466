// SPDX-License-Identifier: MIT
// What loops, forks and reductions of one runtime have in common: its threads, and where they are used.
#pragma once

#include <heddle/thread_pool_executor.hpp>

#include "support/heddle_threads.hpp"
#include "support/placement.hpp"

#ifdef HEDDLE_BENCH_TBB
#include "support/tbb_threads.hpp"
#endif

#ifdef HEDDLE_BENCH_OPENMP
#include "support/openmp_threads.hpp"
#endif

// Every runtime R has:
//   R(threads)               the caller and threads - 1 others, each on a CPU of its own
//   run(f)                   calls f() where loops, forks and reductions use these threads

namespace heddle_bench {

/// The program without a runtime: what the parallel ones are measured by.
class serial_runtime {
 public:
  explicit serial_runtime(unsigned) {}

  template <class F>
  void run(F&& f) {
    f();
  }

 private:
  pinned_caller pinned_;
};

class heddle_runtime {
 public:
  explicit heddle_runtime(unsigned threads) : pool_(workers_beside_caller(threads)) {}

  template <class F>
  void run(F&& f) {
    f();
  }

 protected:
  [[nodiscard]] heddle::thread_pool_executor& pool() { return pool_; }

 private:
  heddle::thread_pool_executor pool_;
  pinned_caller pinned_;
};

#ifdef HEDDLE_BENCH_TBB

class tbb_runtime {
 public:
  explicit tbb_runtime(unsigned threads) : threads_(threads) {}

  template <class F>
  void run(F&& f) {
    threads_.execute(f);
  }

 protected:
  [[nodiscard]] tbb_threads& threads() { return threads_; }

 private:
  tbb_threads threads_;
  pinned_caller pinned_;
};

#endif

#ifdef HEDDLE_BENCH_OPENMP

class openmp_runtime {
 public:
  explicit openmp_runtime(unsigned threads) : threads_(threads) {}

  template <class F>
  void run(F&& f) {
    f();
  }

 private:
  openmp_threads threads_;
  pinned_caller pinned_;
};

#endif

}  // namespace heddle_bench
