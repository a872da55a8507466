// SPDX-License-Identifier: MIT
// heddle's pools as the benchmarks make them: a number of workers, each on a CPU of its own.
#pragma once

#include <chrono>
#include <cstddef>
#include <latch>
#include <memory>
#include <vector>

#include <heddle/base/atomic.hpp>
#include <heddle/future.hpp>
#include <heddle/thread_pool_executor.hpp>

#include "support/placement.hpp"
#include "support/work.hpp"

namespace heddle_bench {

template <class Pin>
heddle::thread_pool_options pinned_workers(unsigned threads, Pin pin) {
  auto next = std::make_shared<heddle::base::atomic<std::size_t>>(0);
  // relaxed: only that each worker gets another number counts.
  return {.max_workers = threads, .initializer = [next, pin] { pin(next->fetch_add(1, heddle::base::relaxed)); }};
}

/// For loops and forks of a pinned_caller: no worker is on its CPU. The caller stands in for one worker, so those that
/// work beside it have a CPU each.
inline heddle::thread_pool_options workers_beside_caller(unsigned threads) {
  return pinned_workers(threads, [](std::size_t index) { pin_helper(index); });
}

/// For work that the caller only waits for: one worker on each CPU.
inline heddle::thread_pool_options workers_on_all_cpus(unsigned threads) {
  return pinned_workers(threads, [](std::size_t index) { pin_this_thread(index); });
}

/// Calls f() when all workers have begun to do something else, for the time `lateness`.
template <class F>
void call_with_late_workers(heddle::thread_pool_executor& pool, std::chrono::nanoseconds lateness, F&& f) {
  std::latch together(static_cast<std::ptrdiff_t>(pool.max_workers()) + 1);
  std::vector<heddle::future<void>> busy(pool.max_workers());
  for (auto& each : busy) {
    each = pool.submit([&together, lateness] {
      together.arrive_and_wait();
      spin_for(lateness);
    });
  }
  together.arrive_and_wait();
  f();
  for (auto& each : busy) each.result();
}

}  // namespace heddle_bench
