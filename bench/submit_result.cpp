// SPDX-License-Identifier: MIT
// The cost of a submitted call with a result: one at a time (a hand-over there and back), and many at once.

#include <heddle/thread_pool_executor.hpp>

#include <benchmark/benchmark.h>

#include <future>
#include <vector>

#ifdef HEDDLE_BENCH_TBB
#include <tbb/task_group.h>
#endif

namespace {

constexpr int calls = 100'000;

int call(int n) { return n + 1; }

void round_trip_heddle(benchmark::State& state) {
  heddle::thread_pool_executor pool;
  for (auto _ : state) benchmark::DoNotOptimize(pool.submit(call, 1).result());
}
BENCHMARK(round_trip_heddle)->UseRealTime();

void round_trip_std_async(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(std::async(std::launch::async, call, 1).get());
}
BENCHMARK(round_trip_std_async)->UseRealTime();

void many_heddle(benchmark::State& state) {
  heddle::thread_pool_executor pool;
  std::vector<heddle::future<int>> results;
  results.reserve(calls);
  for (auto _ : state) {
    for (int i = 0; i < calls; ++i) results.push_back(pool.submit(call, i));
    for (auto& result : results) benchmark::DoNotOptimize(result.result());
    results.clear();
  }
  state.SetItemsProcessed(state.iterations() * calls);
}
BENCHMARK(many_heddle)->UseRealTime()->Unit(benchmark::kMillisecond);

#ifdef HEDDLE_BENCH_TBB

/// oneTBB has tasks but no futures: its users pair a task with a std::promise.
std::future<int> submit_to(tbb::task_group& group, int n) {
  auto promise = std::make_shared<std::promise<int>>();
  std::future<int> result = promise->get_future();
  group.run([promise = std::move(promise), n] { promise->set_value(call(n)); });
  return result;
}

void round_trip_tbb(benchmark::State& state) {
  tbb::task_group group;
  for (auto _ : state) benchmark::DoNotOptimize(submit_to(group, 1).get());
  group.wait();
}
BENCHMARK(round_trip_tbb)->UseRealTime();

void many_tbb(benchmark::State& state) {
  tbb::task_group group;
  std::vector<std::future<int>> results;
  results.reserve(calls);
  for (auto _ : state) {
    for (int i = 0; i < calls; ++i) results.push_back(submit_to(group, i));
    group.wait();
    for (auto& result : results) benchmark::DoNotOptimize(result.get());
    results.clear();
  }
  state.SetItemsProcessed(state.iterations() * calls);
}
BENCHMARK(many_tbb)->UseRealTime()->Unit(benchmark::kMillisecond);

#endif

void many_std_async(benchmark::State& state) {
  constexpr int fewer_calls = calls / 100;  // a thread each
  std::vector<std::future<int>> results;
  for (auto _ : state) {
    for (int i = 0; i < fewer_calls; ++i) results.push_back(std::async(std::launch::async, call, i));
    for (auto& result : results) benchmark::DoNotOptimize(result.get());
    results.clear();
  }
  state.SetItemsProcessed(state.iterations() * fewer_calls);
}
BENCHMARK(many_std_async)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
