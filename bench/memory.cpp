// SPDX-License-Identifier: MIT
// The memory of a submitted job that has not run yet, with its future: bytes asked of operator new, and bytes in RAM
// with the handle and the place in the queue.

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdlib>
#include <latch>
#include <utility>
#include <vector>

#include <heddle/base/atomic.hpp>

#include "support/executors.hpp"
#include "support/process_usage.hpp"
#include "support/registration.hpp"
#include "support/replaced_new.hpp"
#include "support/work.hpp"

namespace {

// relaxed: a count that is read where nobody allocates.
heddle::base::atomic<std::size_t> allocated_bytes{0};

}  // namespace

void* heddle_test::replaced_new(std::size_t size, std::size_t alignment) noexcept {
  allocated_bytes.fetch_add(size, heddle::base::relaxed);
  // What std::aligned_alloc takes must be a multiple of the alignment.
  if (alignment > alignof(std::max_align_t))
    return std::aligned_alloc(alignment, (size + alignment - 1) & ~(alignment - 1));
  return std::malloc(size != 0 ? size : 1);
}

void heddle_test::replaced_delete(void* memory) noexcept { std::free(memory); }

namespace {

using namespace heddle_bench;

constexpr int million = 1'000'000;

template <class Executor>
void pending_1e6(benchmark::State& state) {
  const unsigned workers = thread_count(state);
  using future = decltype(std::declval<Executor&>().submit([] { return 1; }));
  for (auto _ : state) {
    std::latch begun(static_cast<std::ptrdiff_t>(workers));
    std::latch opened(1);
    Executor executor(workers);
    for (unsigned i = 0; i < workers; ++i) {
      executor.post([&] {
        begun.count_down();
        opened.wait();
      });
    }
    begun.wait();

    std::vector<future> futures;
    futures.reserve(million);
    return_free_memory();
    const double resident_before = resident_bytes();
    const std::size_t allocated_before = allocated_bytes.load(heddle::base::relaxed);
    state.SetIterationTime(seconds_of([&] {
      for (int i = 0; i < million; ++i) futures.push_back(executor.submit([] { return 1; }));
    }));
    const std::size_t allocated = allocated_bytes.load(heddle::base::relaxed) - allocated_before;
    state.counters["allocated_bytes"] = static_cast<double>(allocated) / million;
    state.counters["resident_bytes"] = (resident_bytes() - resident_before) / million;

    opened.count_down();
    int sum = 0;
    for (future& each : futures) sum += Executor::result(each);
    require(sum == million, "the results of a million jobs");
  }
}

/// Once each: memory that was kept for reuse would not show again.
template <class Executor>
void add_pending(const char* runtime) {
  add_timed_by_hand("pending_1e6", runtime, pending_1e6<Executor>, 1, {1})
      ->Repetitions(1)
      ->Unit(benchmark::kMillisecond);
}

const bool registered = [] {
  add_pending<heddle_pool>("heddle");
#ifdef HEDDLE_BENCH_TBB
  add_pending<tbb_pool>("tbb");
#endif
#ifdef HEDDLE_BENCH_ASIO
  add_pending<asio_pool>("asio");
#endif
  return true;
}();

}  // namespace
