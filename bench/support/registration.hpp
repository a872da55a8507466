// SPDX-License-Identifier: MIT
// How a benchmark gets its name: row/runtime/threads:n, by which bench/table.py finds what to compare.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "support/placement.hpp"

namespace heddle_bench {

using measured_function = void (*)(benchmark::State&);

using thread_counts = std::vector<std::int64_t>;

/// 1, 2, 4 and so on, as far as there are CPUs, and 2 in any case.
inline thread_counts one_two_and_more() {
  thread_counts counts{1, 2};
  while (counts.back() * 2 <= static_cast<std::int64_t>(allowed_cpus_at_start)) counts.push_back(counts.back() * 2);
  return counts;
}

/// Registers a benchmark that reads its number of threads from thread_count(state). Wall time counts; the CPU time
/// beside it is that of all threads.
inline auto* add(const std::string& row, const std::string& runtime, measured_function measured,
                 const thread_counts& threads = one_two_and_more()) {
  auto* const added = benchmark::RegisterBenchmark((row + "/" + runtime).c_str(), measured);
  added->UseRealTime()->MeasureProcessCPUTime()->ArgName("threads");
  for (const std::int64_t count : threads) added->Arg(count);
  return added;
}

/// As above, where only a part of each round counts: `measured` tells its length by SetIterationTime(). The number of
/// rounds is fixed, for what does not count may take long.
inline auto* add_timed_by_hand(const std::string& row, const std::string& runtime, measured_function measured,
                               std::int64_t rounds, const thread_counts& threads = one_two_and_more()) {
  auto* const added = benchmark::RegisterBenchmark((row + "/" + runtime).c_str(), measured);
  added->UseManualTime()->MeasureProcessCPUTime()->Iterations(rounds)->ArgName("threads");
  for (const std::int64_t count : threads) added->Arg(count);
  return added;
}

inline unsigned thread_count(const benchmark::State& state) { return static_cast<unsigned>(state.range(0)); }

/// Reports the wall time of each of the `items` of an iteration, in seconds as everything that is a counter.
inline void report_per_item(benchmark::State& state, double items) {
  using benchmark::Counter;
  state.counters["per_item"] = Counter(items, Counter::kIsIterationInvariantRate | Counter::kInvert);
}

/// What was measured must have happened: ends the program where it did not.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "benchmark gave a wrong result: %s\n", what);
  std::abort();
}

}  // namespace heddle_bench
