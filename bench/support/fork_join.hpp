// SPDX-License-Identifier: MIT
// Fork-join in each runtime's own way, behind one interface, so that a benchmark's body is written once.
#pragma once

#include <chrono>
#include <utility>

#include <heddle/parallel_invoke.hpp>

#include "support/heddle_threads.hpp"
#include "support/runtimes.hpp"
#include "support/work.hpp"

#ifdef HEDDLE_BENCH_TBB
#include <tbb/task_group.h>

#include <latch>
#endif

// Every runtime R has, besides what support/runtimes.hpp says:
//   run_with_late_others(l, root)  as run(root), while the other threads do something else for the first time l
//   R::invoke(f, g, ...)     calls all of them, at the same time if it can, and returns when they are done
//   R::each(first, last, f)  f(i) for each i, as forks but for one, which the caller runs itself

namespace heddle_bench {

class serial_forks : public serial_runtime {
 public:
  using serial_runtime::serial_runtime;

  template <class Root>
  void run_with_late_others(std::chrono::nanoseconds, Root&& root) {
    root();
  }

  template <class... Fs>
  static void invoke(Fs&&... branches) {
    (branches(), ...);
    asm volatile("");  // so that no branch is a tail call: compilers make a loop of those, and halve the calls of fib
  }

  template <class F>
  static void each(int first, int last, const F& f) {
    for (int i = first; i < last; ++i) f(i);
  }
};

class heddle_forks : public heddle_runtime {
 public:
  using heddle_runtime::heddle_runtime;

  template <class Root>
  void run(Root&& root) {
    heddle::parallel_invoke(pool(), root, [] {});
  }

  template <class Root>
  void run_with_late_others(std::chrono::nanoseconds lateness, Root&& root) {
    call_with_late_workers(pool(), lateness, [&] { run(root); });
  }

  template <class... Fs>
  static void invoke(Fs&&... branches) {
    heddle::parallel_invoke(std::forward<Fs>(branches)...);
  }

  template <class F>
  static void each(int first, int last, const F& f) {
    if (last - first > 1) {
      const int middle = first + (last - first) / 2;
      heddle::parallel_invoke([&] { each(first, middle, f); }, [&] { each(middle, last, f); });
    } else if (first != last) {
      f(first);
    }
  }
};

#ifdef HEDDLE_BENCH_TBB

class tbb_forks : public tbb_runtime {
 public:
  using tbb_runtime::tbb_runtime;

  template <class Root>
  void run_with_late_others(std::chrono::nanoseconds lateness, Root&& root) {
    const int others = threads().arena().max_concurrency() - 1;
    std::latch together(others + 1);
    std::latch ended(others);
    for (int i = 0; i < others; ++i) {
      threads().arena().enqueue([&together, &ended, lateness] {
        together.arrive_and_wait();
        spin_for(lateness);
        ended.count_down();
      });
    }
    together.arrive_and_wait();
    run(root);
    ended.wait();
  }

  /// The last branch by the caller: faster than tbb::parallel_invoke(), which makes the same group on the heap.
  template <class... Fs>
  static void invoke(Fs&&... branches) {
    tbb::task_group group;
    run_all_but_last(group, branches...);
    group.wait();
  }

  template <class F>
  static void each(int first, int last, const F& f) {
    if (last - first <= 1) return serial_forks::each(first, last, f);
    tbb::task_group group;
    for (int i = first; i < last - 1; ++i) group.run([&f, i] { f(i); });
    f(last - 1);
    group.wait();
  }

 private:
  template <class F, class... Rest>
  static void run_all_but_last(tbb::task_group& group, F& first, Rest&... rest) {
    if constexpr (sizeof...(rest) == 0) {
      first();
    } else {
      group.run([&first] { first(); });
      run_all_but_last(group, rest...);
    }
  }
};

#endif

#ifdef HEDDLE_BENCH_OPENMP

class openmp_forks : public openmp_runtime {
 public:
  using openmp_runtime::openmp_runtime;

  template <class Root>
  void run(Root&& root) {
#pragma omp parallel
#pragma omp master
    root();
  }

  template <class Root>
  void run_with_late_others(std::chrono::nanoseconds lateness, Root&& root) {
#pragma omp parallel
    {
      if (omp_get_thread_num() == 0) {
        root();
      } else {
        spin_for(lateness);
      }
    }
  }

  template <class... Fs>
  static void invoke(Fs&&... branches) {
    spawn_all_but_last(branches...);
#pragma omp taskwait
  }

  template <class F>
  static void each(int first, int last, const F& f) {
    if (last - first <= 1) return serial_forks::each(first, last, f);
    for (int i = first; i < last - 1; ++i) {
#pragma omp task shared(f) firstprivate(i)
      f(i);
    }
    f(last - 1);
#pragma omp taskwait
  }

 private:
  template <class F, class... Rest>
  static void spawn_all_but_last(F& first, Rest&... rest) {
    if constexpr (sizeof...(rest) == 0) {
      first();
    } else {
#pragma omp task shared(first)
      first();
      spawn_all_but_last(rest...);
    }
  }
};

#endif

}  // namespace heddle_bench
