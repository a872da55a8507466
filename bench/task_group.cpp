// SPDX-License-Identifier: MIT
// A group of a million empty tasks, spawned and awaited by one of the threads that run them.

#include <benchmark/benchmark.h>

#include <cstdint>

#include <heddle/task_group.hpp>
#include <heddle/thread_pool_executor.hpp>

#include "support/call_count.hpp"
#include "support/heddle_threads.hpp"
#include "support/placement.hpp"
#include "support/registration.hpp"

#ifdef HEDDLE_BENCH_TBB
#include <tbb/task_group.h>

#include "support/tbb_threads.hpp"
#endif

#ifdef HEDDLE_BENCH_OPENMP
#include "support/openmp_threads.hpp"
#endif

namespace {

using namespace heddle_bench;

constexpr int million = 1'000'000;

/// Runs `spawn_and_wait()` in each iteration and checks that it made a million calls.
template <class SpawnAndWait>
void measure(benchmark::State& state, const SpawnAndWait& spawn_and_wait) {
  call_count& calls = call_count::of_program();
  for (auto _ : state) {
    const std::uint64_t before = calls.total();
    spawn_and_wait();
    require(calls.total() == before + million, "the number of calls of a task group");
  }
  report_per_item(state, million);
}

void group_1e6_heddle(benchmark::State& state) {
  heddle::thread_pool_executor pool(workers_on_all_cpus(thread_count(state)));
  auto worker = pool.submit([&] {
    measure(state, [&] {
      heddle::task_group group(pool);
      for (int i = 0; i < million; ++i) group.run([] { count_call(); });
      group.wait();
    });
  });
  worker.result();
}

#ifdef HEDDLE_BENCH_TBB

void group_1e6_tbb(benchmark::State& state) {
  tbb_threads threads(thread_count(state));
  const pinned_caller pinned;
  threads.execute([&] {
    measure(state, [] {
      tbb::task_group group;
      for (int i = 0; i < million; ++i) group.run([] { count_call(); });
      group.wait();
    });
  });
}

#endif

#ifdef HEDDLE_BENCH_OPENMP

void group_1e6_openmp(benchmark::State& state) {
  const openmp_threads threads(thread_count(state));
  const pinned_caller pinned;
#pragma omp parallel
#pragma omp master
  measure(state, [] {
    for (int i = 0; i < million; ++i) {
#pragma omp task
      count_call();
    }
#pragma omp taskwait
  });
}

#endif

const bool registered = [] {
  add("group_1e6", "heddle", group_1e6_heddle)->Unit(benchmark::kMillisecond);
#ifdef HEDDLE_BENCH_TBB
  add("group_1e6", "tbb", group_1e6_tbb)->Unit(benchmark::kMillisecond);
#endif
#ifdef HEDDLE_BENCH_OPENMP
  add("group_1e6", "openmp", group_1e6_openmp)->Unit(benchmark::kMillisecond);
#endif
  return true;
}();

}  // namespace
