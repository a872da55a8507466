// SPDX-License-Identifier: MIT
// Bodies that take a known time of a CPU, where a body that watches the clock would also "work" while it has no CPU.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace heddle_bench {

using steady_clock = std::chrono::steady_clock;
using nanoseconds = std::chrono::duration<double, std::nano>;

/// Steps of which each needs the one before, the first one the last of this thread's previous call: a processor cannot
/// overlap two calls, nor can a compiler leave one out, or make one of several steps, as Clang otherwise does of eight.
inline void run_steps(std::uint64_t steps) {
  static thread_local std::uint64_t last = 1;
  benchmark::DoNotOptimize(last);
  std::uint64_t x = last;
  for (std::uint64_t i = 0; i < steps; ++i) {
    x = x * 6364136223846793005U + 1442695040888963407U;
    asm volatile("" : "+r"(x));
  }
  last = x;
  benchmark::DoNotOptimize(last);
}

/// The best of many short measurements: those that were interrupted do not count.
inline double measured_steps_per_nanosecond() {
  constexpr std::uint64_t steps = 20'000;
  nanoseconds best = nanoseconds::max();
  for (int i = 0; i < 500; ++i) {
    const auto begin = steady_clock::now();
    run_steps(steps);
    best = std::min(best, nanoseconds(steady_clock::now() - begin));
  }
  return static_cast<double>(steps) / best.count();
}

/// Something to do that takes a CPU this long, and at least as long as one step.
class work {
 public:
  explicit work(nanoseconds length)
      : steps_(std::max<std::uint64_t>(1, static_cast<std::uint64_t>(length.count() * steps_per_nanosecond()))) {}

  void operator()() const { run_steps(steps_); }

 private:
  static double steps_per_nanosecond() {
    static const double measured = measured_steps_per_nanosecond();
    return measured;
  }

  std::uint64_t steps_;
};

/// Passes this much wall time without giving the CPU away.
inline void spin_for(std::chrono::nanoseconds length) {
  const auto end = steady_clock::now() + length;
  while (steady_clock::now() < end) {
  }
}

/// The wall time of `f()`, in seconds.
template <class F>
double seconds_of(F&& f) {
  const auto begin = steady_clock::now();
  f();
  return std::chrono::duration<double>(steady_clock::now() - begin).count();
}

}  // namespace heddle_bench
