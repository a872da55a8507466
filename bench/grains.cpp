// SPDX-License-Identifier: MIT
// Loops of equal bodies that take 10 ms in all: how short bodies may be before a runtime takes more time than they do.

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/loops.hpp"
#include "support/registration.hpp"
#include "support/work.hpp"

namespace {

using namespace heddle_bench;

constexpr std::int64_t total_nanoseconds = 10'000'000;

template <class Loops, std::int64_t BodyNanoseconds>
void grain(benchmark::State& state) {
  Loops loops(thread_count(state));
  const work body{std::chrono::nanoseconds(BodyNanoseconds)};
  std::vector<std::uint8_t> done(total_nanoseconds / BodyNanoseconds);
  loops.run([&] {
    for (auto _ : state) {
      loops.each(done.size(), [&body, out = done.data()](std::size_t i) {
        body();
        out[i] = 1;
      });
    }
  });
  for (const auto each : done) require(each == 1, "a loop of equal bodies");
}

template <class Loops>
void add_all(const char* runtime, const thread_counts& threads = one_two_and_more()) {
  using benchmark::kMillisecond;
  add("grain_1ns", runtime, grain<Loops, 1>, threads)->Unit(kMillisecond);
  add("grain_10ns", runtime, grain<Loops, 10>, threads)->Unit(kMillisecond);
  add("grain_100ns", runtime, grain<Loops, 100>, threads)->Unit(kMillisecond);
  add("grain_1us", runtime, grain<Loops, 1'000>, threads)->Unit(kMillisecond);
  add("grain_10us", runtime, grain<Loops, 10'000>, threads)->Unit(kMillisecond);
  add("grain_100us", runtime, grain<Loops, 100'000>, threads)->Unit(kMillisecond);
  add("grain_1ms", runtime, grain<Loops, 1'000'000>, threads)->Unit(kMillisecond);
}

const bool registered = [] {
  add_all<serial_loops>("serial", {1});
  add_all<heddle_loops>("heddle");
#ifdef HEDDLE_BENCH_TBB
  add_all<tbb_loops>("tbb");
#ifdef __cpp_lib_parallel_algorithm
  add_all<std_par_loops>("std_par");
#endif
#endif
#ifdef HEDDLE_BENCH_OPENMP
  add_all<openmp_loops<omp_sched_static>>("openmp_static");
  add_all<openmp_loops<omp_sched_dynamic>>("openmp_dynamic");
#endif
  return true;
}();

}  // namespace
