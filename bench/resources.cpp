// SPDX-License-Identifier: MIT
// What a pool costs that does nothing: its CPU time while idle, its start and its stop.

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstddef>
#include <thread>
#include <utility>
#include <vector>

#include "support/executors.hpp"
#include "support/process_usage.hpp"
#include "support/registration.hpp"
#include "support/work.hpp"

namespace {

using namespace heddle_bench;
using namespace std::chrono_literals;

/// Every worker has had work, and time to fall asleep, before the ten seconds begin.
template <class Executor>
void idle_10s(benchmark::State& state) {
  Executor executor(thread_count(state));
  const auto warm_up = [&] {
    return executor.submit([] {
      spin_for(1ms);
      return 0;
    });
  };
  std::vector<decltype(warm_up())> warmed_up(2 * std::size_t{thread_count(state)});
  for (auto& each : warmed_up) each = warm_up();
  for (auto& each : warmed_up) Executor::result(each);
  std::this_thread::sleep_for(200ms);
  for (auto _ : state) {
    const double before = process_cpu_seconds();
    const double seconds = seconds_of([] { std::this_thread::sleep_for(10s); });
    state.SetIterationTime(seconds);
    state.counters["cpu_percent"] = 100 * (process_cpu_seconds() - before) / seconds;
  }
}

/// The same without a pool: what the measurement itself takes.
struct nothing {
  explicit nothing(unsigned) {}
  template <class F>
  int submit(F f) {
    return f();
  }
  static int result(int value) { return value; }
};

template <class Executor>
void start_stop(benchmark::State& state) {
  for (auto _ : state) const Executor executor(thread_count(state));
}

/// Threads that do nothing, and nothing around them.
class bare_threads {
 public:
  explicit bare_threads(unsigned count) {
    threads_.reserve(count);
    for (unsigned i = 0; i < count; ++i) threads_.emplace_back([] {});
  }
  bare_threads(const bare_threads&) = delete;
  bare_threads& operator=(const bare_threads&) = delete;
  ~bare_threads() {
    for (std::thread& each : threads_) each.join();
  }

 private:
  std::vector<std::thread> threads_;
};

template <class Executor>
void add_idle(const char* runtime) {
  add_timed_by_hand("idle_10s", runtime, idle_10s<Executor>, 1, {2})->Repetitions(1)->Unit(benchmark::kSecond);
}

const bool registered = [] {
  add_idle<nothing>("nothing");
  add_idle<heddle_pool>("heddle");
  add("start_stop", "std_thread", start_stop<bare_threads>);
  add("start_stop", "heddle", start_stop<heddle_pool>);
#ifdef HEDDLE_BENCH_TBB
  add_idle<tbb_pool>("tbb");
#endif
#ifdef HEDDLE_BENCH_ASIO
  add_idle<asio_pool>("asio");
  add("start_stop", "asio", start_stop<asio_pool>);
#endif
  return true;
}();

}  // namespace
