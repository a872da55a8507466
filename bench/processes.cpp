// SPDX-License-Identifier: MIT
// Calls in worker processes, beside what the machine takes at least (a word that two threads hand over, a pipe to a
// process that was forked) and beside Python's concurrent.futures.ProcessPoolExecutor and multiprocessing.Pool, where
// there is a python3.

#include <benchmark/benchmark.h>

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <heddle/process_pool_executor.hpp>

#include "support/latencies.hpp"
#include "support/ping_pong.hpp"
#include "support/registration.hpp"

namespace {

using namespace heddle_bench;
using clock_type = std::chrono::steady_clock;

double seconds(clock_type::duration d) { return std::chrono::duration<double>(d).count(); }

int same(int x) { return x; }

// ---- there and back

void round_trip(benchmark::State& state) {
  heddle::process_pool_executor procs{{.max_workers = 1}};
  for (int i = 0; i < 1000; ++i) require(procs.submit(same, i).result() == i, "a warm-up");
  latencies all;
  int i = 0;
  for (auto _ : state) {
    const auto start = clock_type::now();
    require(procs.submit(same, i).result() == i, "a round trip");
    all.add(seconds(clock_type::now() - start));
    ++i;
  }
  all.report(state);
}

template <class Waiting>
void hand_over(benchmark::State& state) {
  ping_pong<Waiting> floor(ping_pong_cpus::any);
  latencies all;
  for (auto _ : state) {
    const auto start = clock_type::now();
    floor.exchange();
    all.add(seconds(clock_type::now() - start));
  }
  all.report(state);
}

/// A process at the other end of two pipes.
class piped_child {
 public:
  piped_child() {
    require(::pipe(there_) == 0 && ::pipe(back_) == 0, "pipe");
    child_ = ::fork();
    if (child_ != 0) return;
    ::close(there_[1]);
    for (int x = 0; ::read(there_[0], &x, sizeof x) == sizeof x;) {
      if (::write(back_[1], &x, sizeof x) != sizeof x) break;
    }
    ::_exit(0);
  }
  piped_child(const piped_child&) = delete;
  piped_child& operator=(const piped_child&) = delete;
  ~piped_child() {
    for (const int each : {there_[0], there_[1], back_[0], back_[1]}) ::close(each);
    ::waitpid(child_, nullptr, 0);
  }
  int ask(int x) {
    int answer = -1;
    require(::write(there_[1], &x, sizeof x) == sizeof x, "write");
    require(::read(back_[0], &answer, sizeof answer) == sizeof answer, "read");
    return answer;
  }

 private:
  int there_[2] = {};
  int back_[2] = {};
  pid_t child_ = 0;
};

void pipe_round_trip(benchmark::State& state) {
  piped_child child;
  latencies all;
  int i = 0;
  for (auto _ : state) {
    const auto start = clock_type::now();
    require(child.ask(i) == i, "a pipe");
    all.add(seconds(clock_type::now() - start));
    ++i;
  }
  all.report(state);
}

// ---- after 10 ms of doing nothing: a bare futex and a call, one after the other

void after_idling(benchmark::State& state) {
  heddle::process_pool_executor procs{{.max_workers = 1}};
  procs.submit(same, 1).wait();
  latencies all;
  for (auto _ : state) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    const auto start = clock_type::now();
    require(procs.submit(same, 1).result() == 1, "a late round trip");
    const double took = seconds(clock_type::now() - start);
    all.add(took);
    state.SetIterationTime(took);
  }
  all.report(state);
}

void futex_after_idling(benchmark::State& state) {
  ping_pong<parked> floor(ping_pong_cpus::any);
  latencies all;
  for (auto _ : state) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    const auto start = clock_type::now();
    floor.exchange();
    const double took = seconds(clock_type::now() - start);
    all.add(took);
    state.SetIterationTime(took);
  }
  all.report(state);
}

// ---- many

void storm(benchmark::State& state) {
  constexpr int count = 100'000;
  heddle::process_pool_executor procs{{.max_workers = thread_count(state)}};
  procs.submit(same, 1).wait();
  std::vector<heddle::future<int>> futures(count);
  for (auto _ : state) {
    for (int i = 0; i < count; ++i) futures[static_cast<std::size_t>(i)] = procs.submit(same, i);
    for (int i = 0; i < count; ++i) require(futures[static_cast<std::size_t>(i)].result() == i, "one of many");
  }
  report_per_item(state, count);
}

// ---- 64 MiB

constexpr std::size_t large = std::size_t{64} << 20U;

void large_argument(benchmark::State& state) {
  heddle::process_pool_executor procs{{.max_workers = 1}};
  for (auto _ : state) {
    std::vector<char> given(large, 'x');
    const auto start = clock_type::now();
    const auto size = procs.submit([](const std::vector<char>& all) { return all.size(); }, std::move(given)).result();
    state.SetIterationTime(seconds(clock_type::now() - start));
    require(size == large, "a large argument");
  }
}

void large_both_ways(benchmark::State& state) {
  heddle::process_pool_executor procs{{.max_workers = 1}};
  for (auto _ : state) {
    std::vector<char> given(large, 'x');
    const auto start = clock_type::now();
    const auto back = procs.submit([](std::vector<char> all) { return all; }, std::move(given)).result();
    state.SetIterationTime(seconds(clock_type::now() - start));
    require(back.size() == large, "a large result");
  }
}

void copy_to_fresh_memory(benchmark::State& state) {
  const std::vector<char> from(large, 'x');
  for (auto _ : state) {
    const std::unique_ptr<char, void (*)(void*)> to(static_cast<char*>(std::malloc(large)), &std::free);
    const auto start = clock_type::now();
    std::memcpy(to.get(), from.data(), large);
    benchmark::DoNotOptimize(to.get()[large / 2]);
    state.SetIterationTime(seconds(clock_type::now() - start));
  }
}

// ---- beginnings and ends

void first_result(benchmark::State& state) {
  for (auto _ : state) {
    const auto start = clock_type::now();
    heddle::process_pool_executor procs{{.max_workers = 1}};
    require(procs.submit(same, 1).result() == 1, "a first result");
    state.SetIterationTime(seconds(clock_type::now() - start));
  }
}

void death_to_next_result(benchmark::State& state) {
  heddle::process_pool_executor procs{{.max_workers = 1}};
  latencies all;
  for (auto _ : state) {
    procs.submit(same, 1).wait();
    const auto start = clock_type::now();
    procs.submit([] { ::_exit(1); }).wait();
    require(procs.submit(same, 1).result() == 1, "a result after a death");
    const double took = seconds(clock_type::now() - start);
    all.add(took);
    state.SetIterationTime(took);
  }
  all.report(state);
}

// ---- Python

/// What a script prints: seconds.
double python(const std::string& script) {
  const std::string command = "python3 -c '" + script + "' 2>/dev/null";
  std::FILE* const output = ::popen(command.c_str(), "r");
  double result = -1;
  if (output == nullptr) return result;
  if (std::fscanf(output, "%lf", &result) != 1) result = -1;
  ::pclose(output);
  return result;
}

constexpr std::string_view python_start = R"(
import time, os, sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import Pool
workers = 1
def report(each): print(each)
)";

template <const char* const* Script>
void python_row(benchmark::State& state) {
  const std::string script =
      std::string(python_start) + "workers = " + std::to_string(thread_count(state)) + "\n" + *Script;
  for (auto _ : state) {
    const double took = python(script);
    if (took < 0) {
      state.SkipWithError("there is no python3");
      break;
    }
    state.SetIterationTime(took);
  }
}

constexpr const char* python_round_trip = R"(
p = ProcessPoolExecutor(workers)
for i in range(200): p.submit(abs, i).result()
t = time.perf_counter()
for i in range(1000): p.submit(abs, i).result()
report((time.perf_counter() - t) / 1000)
)";
constexpr const char* python_storm = R"(
p = ProcessPoolExecutor(workers)
p.submit(abs, 1).result()
t = time.perf_counter()
f = [p.submit(abs, i) for i in range(20000)]
for x in f: x.result()
report((time.perf_counter() - t) * 5)
)";
constexpr const char* python_pool_storm = R"(
p = Pool(workers)
p.apply(abs, (1,))
t = time.perf_counter()
f = [p.apply_async(abs, (i,)) for i in range(20000)]
for x in f: x.get()
report((time.perf_counter() - t) * 5)
)";
constexpr const char* python_large = R"(
p = ProcessPoolExecutor(workers)
b = bytes(64 << 20)
p.submit(len, b).result()
t = time.perf_counter()
p.submit(len, b).result()
report(time.perf_counter() - t)
)";
constexpr const char* python_first = R"(
t = time.perf_counter()
p = ProcessPoolExecutor(workers)
p.submit(abs, 1).result()
report(time.perf_counter() - t)
)";

void add_python(const char* row, const char* runtime, measured_function measured, const thread_counts& threads = {1}) {
  add_timed_by_hand(row, runtime, measured, 1, threads);
}

const bool registered = [] {
  add("process_round_trip", "heddle", round_trip, {1});
  add("process_round_trip", "spin_ping_pong", hand_over<spinning>, {1});
  add("process_round_trip", "futex_ping_pong", hand_over<parked>, {1});
  add("process_round_trip", "fork_and_pipe", pipe_round_trip, {1});
  add_python("process_round_trip", "python", python_row<&python_round_trip>);
  add_timed_by_hand("process_after_10ms", "heddle", after_idling, 100, {1});
  add_timed_by_hand("process_after_10ms", "futex_ping_pong", futex_after_idling, 100, {1});
  add("process_storm_1e5", "heddle", storm, {1, 2});
  add_python("process_storm_1e5", "python", python_row<&python_storm>, {1, 2});
  add_python("process_storm_1e5", "python_pool", python_row<&python_pool_storm>, {1, 2});
  add_timed_by_hand("process_64MiB_in", "heddle", large_argument, 10, {1});
  add_timed_by_hand("process_64MiB_in", "memcpy", copy_to_fresh_memory, 10, {1});
  add_python("process_64MiB_in", "python", python_row<&python_large>);
  add_timed_by_hand("process_64MiB_in_out", "heddle", large_both_ways, 10, {1});
  add_timed_by_hand("process_64MiB_in_out", "memcpy", copy_to_fresh_memory, 10, {1});
  add_timed_by_hand("process_first_result", "heddle", first_result, 30, {1});
  add_python("process_first_result", "python", python_row<&python_first>);
  add_timed_by_hand("process_death_to_next_result", "heddle", death_to_next_result, 100, {1});
  return true;
}();

}  // namespace

int main(int argc, char** argv) {
  heddle::init(argc, argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
