// SPDX-License-Identifier: MIT
// oneTBB with a number of threads, each on a CPU of its own.
#pragma once

#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_scheduler_observer.h>

#include <cstddef>

#include "support/placement.hpp"

namespace heddle_bench {

/// A caller and threads - 1 workers; the workers are pinned, and what runs in execute() is to be a pinned_caller.
class tbb_threads {
 public:
  explicit tbb_threads(unsigned threads)
      : limit_(tbb::global_control::max_allowed_parallelism, threads),
        arena_(static_cast<int>(threads)),
        pin_workers_(arena_) {
    arena_.initialize();  // now, for it counts the CPUs of the thread that does it
  }

  /// Runs `f()` where TBB's algorithms use these threads.
  template <class F>
  void execute(F&& f) {
    arena_.execute(f);
  }

  tbb::task_arena& arena() { return arena_; }

 private:
  struct pin_workers final : tbb::task_scheduler_observer {
    explicit pin_workers(tbb::task_arena& arena) : tbb::task_scheduler_observer(arena) { observe(true); }
    ~pin_workers() override { observe(false); }
    void on_scheduler_entry(bool is_worker) override {
      if (is_worker) pin_helper(static_cast<std::size_t>(tbb::this_task_arena::current_thread_index() - 1));
    }
  };

  tbb::global_control limit_;
  tbb::task_arena arena_;
  pin_workers pin_workers_;
};

}  // namespace heddle_bench
