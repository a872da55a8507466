// SPDX-License-Identifier: MIT
// The cost of a parallel loop: ten million cheap iterations, and two empty ones.

#include <heddle/parallel_for.hpp>

#include <benchmark/benchmark.h>

#include <cmath>
#include <cstddef>
#include <future>
#include <numeric>
#include <vector>

#ifdef HEDDLE_BENCH_TBB
#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#endif

namespace {

constexpr std::size_t size = 10'000'000;

std::vector<double>& numbers() {
  static std::vector<double> kept = [] {
    std::vector<double> made(size);
    std::iota(made.begin(), made.end(), 0.0);
    return made;
  }();
  return kept;
}

double step(double x) { return std::sqrt(x) + 1; }

void sqrt_loop_sequential(benchmark::State& state) {
  auto& x = numbers();
  for (auto _ : state) {
    for (std::size_t i = 0; i < size; ++i) x[i] = step(x[i]);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(sqrt_loop_sequential)->UseRealTime()->Unit(benchmark::kMillisecond);

void sqrt_loop_heddle(benchmark::State& state) {
  auto& x = numbers();
  for (auto _ : state) heddle::parallel_for(std::size_t{0}, size, [&](std::size_t i) { x[i] = step(x[i]); });
}
BENCHMARK(sqrt_loop_heddle)->UseRealTime()->Unit(benchmark::kMillisecond);

void sqrt_loop_std_async(benchmark::State& state) {
  auto& x = numbers();
  const auto run = [&](std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) x[i] = step(x[i]);
  };
  for (auto _ : state) {
    auto half = std::async(std::launch::async, run, size / 2, size);
    run(0, size / 2);
    half.get();
  }
}
BENCHMARK(sqrt_loop_std_async)->UseRealTime()->Unit(benchmark::kMillisecond);

void empty_loop_heddle(benchmark::State& state) {
  for (auto _ : state) heddle::parallel_for(0, 2, [](int i) { benchmark::DoNotOptimize(i); });
}
BENCHMARK(empty_loop_heddle)->UseRealTime();

void empty_loop_std_async(benchmark::State& state) {
  for (auto _ : state) {
    auto second = std::async(std::launch::async, [] { benchmark::DoNotOptimize(1); });
    benchmark::DoNotOptimize(0);
    second.get();
  }
}
BENCHMARK(empty_loop_std_async)->UseRealTime();

#ifdef HEDDLE_BENCH_TBB

void sqrt_loop_tbb(benchmark::State& state) {
  auto& x = numbers();
  for (auto _ : state) {
    tbb::parallel_for(tbb::blocked_range<std::size_t>(0, size), [&](const tbb::blocked_range<std::size_t>& part) {
      for (std::size_t i = part.begin(); i < part.end(); ++i) x[i] = step(x[i]);
    });
  }
}
BENCHMARK(sqrt_loop_tbb)->UseRealTime()->Unit(benchmark::kMillisecond);

void empty_loop_tbb(benchmark::State& state) {
  for (auto _ : state) tbb::parallel_for(0, 2, [](int i) { benchmark::DoNotOptimize(i); });
}
BENCHMARK(empty_loop_tbb)->UseRealTime();

#endif

#ifdef HEDDLE_BENCH_OPENMP

void sqrt_loop_openmp(benchmark::State& state) {
  auto& x = numbers();
  for (auto _ : state) {
#pragma omp parallel for
    for (std::size_t i = 0; i < size; ++i) x[i] = step(x[i]);
  }
}
BENCHMARK(sqrt_loop_openmp)->UseRealTime()->Unit(benchmark::kMillisecond);

void empty_loop_openmp(benchmark::State& state) {
  for (auto _ : state) {
#pragma omp parallel for schedule(static, 1)
    for (int i = 0; i < 2; ++i) benchmark::DoNotOptimize(i);
  }
}
BENCHMARK(empty_loop_openmp)->UseRealTime();

#endif

}  // namespace
