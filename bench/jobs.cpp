// SPDX-License-Identifier: MIT
// Jobs from outside: a million at once, with and without futures, and one at a time, hot and after a pause. Beside the
// latter the machine's floor, two threads that hand over one word. Pools' threads are not pinned.

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <thread>
#include <utility>
#include <vector>

#include "support/call_count.hpp"
#include "support/executors.hpp"
#include "support/latencies.hpp"
#include "support/ping_pong.hpp"
#include "support/registration.hpp"

namespace {

using namespace heddle_bench;

constexpr int million = 1'000'000;

template <class Executor, int Jobs = million>
void storm_futures(benchmark::State& state) {
  Executor executor(thread_count(state));
  using future = decltype(executor.submit([] { return 1; }));
  std::vector<future> futures;
  futures.reserve(Jobs);
  for (auto _ : state) {
    for (int i = 0; i < Jobs; ++i) futures.push_back(executor.submit([] { return 1; }));
    int sum = 0;
    for (future& each : futures) sum += Executor::result(each);
    futures.clear();
    require(sum == Jobs, "the results of a storm of jobs");
  }
  report_per_item(state, Jobs);
}

template <class Executor>
void storm_detached(benchmark::State& state) {
  Executor executor(thread_count(state));
  call_count& calls = call_count::of_program();
  const std::uint64_t before = calls.total();
  std::uint64_t posted = 0;
  for (auto _ : state) {
    for (int i = 0; i < million; ++i) executor.post([] { count_call(); });
    posted += million;
    calls.wait_for(before + posted);
  }
  require(calls.total() == before + posted, "the number of calls of a storm of jobs");
  report_per_item(state, million);
}

/// A job that really is handed over: it tells which thread ran it.
template <class Executor>
void round_trip(Executor& executor) {
  auto future = executor.submit([] { return std::this_thread::get_id(); });
  require(Executor::result(future) != std::this_thread::get_id(), "the caller ran the job itself");
}

template <class Executor>
void round_trip_hot(benchmark::State& state) {
  Executor executor(thread_count(state));
  latencies measured;
  for (auto _ : state) measured.add(seconds_of([&] { round_trip(executor); }));
  measured.report(state);
}

/// `exchange()` after this pause, again and again.
template <int Milliseconds, class Exchange>
void measure_after_pause(benchmark::State& state, const Exchange& exchange) {
  latencies measured;
  for (auto _ : state) {
    std::this_thread::sleep_for(std::chrono::milliseconds(Milliseconds));
    const double seconds = seconds_of(exchange);
    state.SetIterationTime(seconds);
    measured.add(seconds);
  }
  measured.report(state);
}

template <class Executor, int Milliseconds>
void round_trip_after(benchmark::State& state) {
  Executor executor(thread_count(state));
  measure_after_pause<Milliseconds>(state, [&] { round_trip(executor); });
}

void ping_pong_hot(benchmark::State& state) {
  ping_pong<spinning> pair(ping_pong_cpus::one_each);
  latencies measured;
  for (auto _ : state) measured.add(seconds_of([&] { pair.exchange(); }));
  measured.report(state);
}

template <int Milliseconds, ping_pong_cpus Cpus>
void ping_pong_after(benchmark::State& state) {
  ping_pong<parked> pair(Cpus);
  measure_after_pause<Milliseconds>(state, [&] { pair.exchange(); });
}

template <class Executor>
void add_round_trips(const char* runtime) {
  add("round_trip_hot", runtime, round_trip_hot<Executor>);
  add_timed_by_hand("round_trip_1ms", runtime, round_trip_after<Executor, 1>, 300);
  add_timed_by_hand("round_trip_10ms", runtime, round_trip_after<Executor, 10>, 100);
}

template <class Executor>
void add_all(const char* runtime) {
  add("storm_futures", runtime, storm_futures<Executor>)->Unit(benchmark::kMillisecond);
  add("storm_detached", runtime, storm_detached<Executor>)->Unit(benchmark::kMillisecond);
  add_round_trips<Executor>(runtime);
}

const bool registered = [] {
  add_all<heddle_pool>("heddle");
#ifdef HEDDLE_BENCH_TBB
  add_all<tbb_pool>("tbb");
#endif
#ifdef HEDDLE_BENCH_ASIO
  add_all<asio_pool>("asio");
#endif
  constexpr int fewer = 10'000;  // a thread each
  add("storm_futures", "std_async", storm_futures<std_async, fewer>, {2})->Unit(benchmark::kMillisecond);
  add_round_trips<std_async>("std_async");

  add("round_trip_hot", "spin_ping_pong", ping_pong_hot, {2});
  using enum ping_pong_cpus;
  add_timed_by_hand("round_trip_1ms", "futex_ping_pong", ping_pong_after<1, any>, 300, {2});
  add_timed_by_hand("round_trip_10ms", "futex_ping_pong", ping_pong_after<10, any>, 100, {2});
  add_timed_by_hand("round_trip_3ms", "futex_ping_pong_pinned", ping_pong_after<3, one_each>, 100, {2});
  return true;
}();

}  // namespace
