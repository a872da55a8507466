// SPDX-License-Identifier: MIT
// Calls in worker processes, beside what the machine takes at least (a word that two threads hand over, a pipe to a
// process that was forked) and beside Python's concurrent.futures.ProcessPoolExecutor and multiprocessing.Pool, where
// there is a python3.

#include <benchmark/benchmark.h>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <future>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <heddle/process_pool_executor.hpp>
#include <heddle/shared_array.hpp>

#include "support/latencies.hpp"
#include "support/ping_pong.hpp"
#include "support/placement.hpp"
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
  void send(int x) { require(::write(there_[1], &x, sizeof x) == sizeof x, "write"); }
  int receive() {
    int answer = -1;
    require(::read(back_[0], &answer, sizeof answer) == sizeof answer, "read");
    return answer;
  }
  int ask(int x) {
    send(x);
    return receive();
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

// ---- after 10 ms of doing nothing

/// Its length.
template <class Work>
double late(const Work& work) {
  std::this_thread::sleep_for(std::chrono::milliseconds(10));
  const auto start = clock_type::now();
  work();
  return seconds(clock_type::now() - start);
}

/// A bare futex there and back, a call, and one that a callback tells of: one after the other, the caller on one CPU
/// and who answers on another one.
void after_idling(benchmark::State& state) {
  heddle::process_pool_executor procs{{.max_workers = 1}};
  procs.submit([] { pin_helper(0); }).wait();
  ping_pong<parked> floor(ping_pong_cpus::one_each);
  latencies all;
  latencies told;
  latencies bare;
  for (auto _ : state) {
    bare.add(late([&] { floor.exchange(); }));
    told.add(late([&] {
      std::promise<void> done;
      procs.submit(same, 1).add_done_callback([&] { done.set_value(); });
      done.get_future().wait();
    }));
    const double took = late([&] { require(procs.submit(same, 1).result() == 1, "a late round trip"); });
    all.add(took);
    state.SetIterationTime(took);
  }
  all.report(state);
  state.counters["told_p50"] = told.median();
  state.counters["floor_p50"] = bare.median();
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

/// Each is written by itself; answers are read when a thousand are due.
void pipe_storm(benchmark::State& state) {
  constexpr int count = 100'000;
  constexpr int most = 1000;
  piped_child child;
  for (auto _ : state) {
    for (int done = 0; done < count; done += most) {
      for (int i = 0; i < most; ++i) child.send(done + i);
      for (int i = 0; i < most; ++i) require(child.receive() == done + i, "one of many through a pipe");
    }
  }
  report_per_item(state, count);
}

// ---- 64 MiB

constexpr std::size_t large = std::size_t{64} << 20U;

std::size_t size_of(std::span<const char> all) { return all.size(); }

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

/// Calls that get the same array again and again, and before them those that are the first with theirs, which their
/// worker has to map.
void shared_argument(benchmark::State& state) {
  heddle::process_pool_executor procs{{.max_workers = 1}};
  const auto call_with = [&](heddle::shared_array<char>& given) {
    const auto start = clock_type::now();
    require(procs.submit(size_of, given).result() == large, "a shared argument");
    return seconds(clock_type::now() - start);
  };
  latencies first;
  for (int i = 0; i < 30; ++i) {
    heddle::shared_array<char> given(large, 'x');
    procs.submit(same, 1).wait();
    first.add(call_with(given));
  }
  heddle::shared_array<char> given(large, 'x');
  for (int i = 0; i < 1000; ++i) call_with(given);
  latencies all;
  for (auto _ : state) {
    const double took = call_with(given);
    all.add(took);
    state.SetIterationTime(took);
  }
  all.report(state);
  state.counters["first_p50"] = first.median();
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

// ---- memory

/// What a process has in RAM, in bytes.
struct memory {
  double alone = 0;
  double with_its_part = 0;  // of what it shares with others
};
memory memory_of(pid_t process) {
  std::ifstream lines("/proc/" + std::to_string(process) + "/smaps_rollup");
  memory found;
  for (std::string word; lines >> word;) {
    double kilobytes = 0;
    if (word == "Private_Clean:" || word == "Private_Dirty:") {
      lines >> kilobytes;
      found.alone += kilobytes * 1024;
    } else if (word == "Pss:") {
      lines >> kilobytes;
      found.with_its_part += kilobytes * 1024;
    }
  }
  return found;
}

struct idle_memory {
  double worker = 0;
  double server = 0;
  double growth = 0;  // of all, when the program has written over 256 MiB of its own
};

idle_memory measure_idle_memory() {
  std::vector<char> own(std::size_t{256} << 20U, 'x');
  heddle::process_pool_executor procs{{.max_workers = 1}};
  const pid_t server = procs.submit([] { return ::getppid(); }).result();
  const pid_t worker = procs.submit([] { return ::getpid(); }).result();
  const auto of_all = [&] {
    double sum = 0;
    for (const pid_t each : {::getpid(), server, worker}) sum += memory_of(each).with_its_part;
    return sum;
  };
  const double before = of_all();
  std::fill(own.begin(), own.end(), 'y');
  benchmark::DoNotOptimize(own.data());
  return {memory_of(worker).alone, memory_of(server).alone, of_all() - before};
}

constexpr const char* argument_for_forked_memory = "--print_memory_of_forked_server";

/// The same of a program that does not call heddle::init(): of this one, once more.
idle_memory measure_forked_memory() {
  char self[4096] = {};
  require(::readlink("/proc/self/exe", self, sizeof self - 1) > 0, "/proc/self/exe");
  std::FILE* const output = ::popen((std::string("'") + self + "' " + argument_for_forked_memory).c_str(), "r");
  idle_memory found;
  require(output != nullptr && std::fscanf(output, "%lf %lf %lf", &found.worker, &found.server, &found.growth) == 3,
          "the memory of a forked server");
  ::pclose(output);
  return found;
}

template <auto Measure, auto Member>
void memory_row(benchmark::State& state) {
  for (auto _ : state) {
    const auto start = clock_type::now();
    const idle_memory found = Measure();
    state.SetIterationTime(seconds(clock_type::now() - start));
    state.counters["private_bytes"] = found.*Member;
    state.counters["growth_bytes"] = found.growth;
  }
}
template <auto Member>
constexpr measured_function memory_here = memory_row<measure_idle_memory, Member>;
template <auto Member>
constexpr measured_function memory_forked = memory_row<measure_forked_memory, Member>;

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
constexpr const char* python_shared = R"(
from multiprocessing import get_context
from multiprocessing.shared_memory import SharedMemory
def size_of(name):
  seen = SharedMemory(name)
  size = len(seen.buf)
  seen.close()
  return size
p = ProcessPoolExecutor(workers, get_context("fork"))
b = SharedMemory(create=True, size=64 << 20)
for i in range(200): p.submit(size_of, b.name).result()
t = time.perf_counter()
for i in range(1000): p.submit(size_of, b.name).result()
report((time.perf_counter() - t) / 1000)
b.unlink()
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
  add("process_storm_1e5", "heddle", storm, {1, 2});
  add("process_storm_1e5", "fork_and_pipe", pipe_storm, {1});
  add_python("process_storm_1e5", "python", python_row<&python_storm>, {1, 2});
  add_python("process_storm_1e5", "python_pool", python_row<&python_pool_storm>, {1, 2});
  add_timed_by_hand("process_64MiB_in", "heddle", large_argument, 10, {1});
  add_timed_by_hand("process_64MiB_in", "memcpy", copy_to_fresh_memory, 10, {1});
  add_python("process_64MiB_in", "python", python_row<&python_large>);
  add_timed_by_hand("process_64MiB_shared", "heddle", shared_argument, 100'000, {1});
  add("process_64MiB_shared", "futex_ping_pong", hand_over<parked>, {1});
  add_python("process_64MiB_shared", "python", python_row<&python_shared>);
  add_timed_by_hand("process_64MiB_in_out", "heddle", large_both_ways, 10, {1});
  add_timed_by_hand("process_64MiB_in_out", "memcpy", copy_to_fresh_memory, 10, {1});
  add_timed_by_hand("process_first_result", "heddle", first_result, 30, {1});
  add_python("process_first_result", "python", python_row<&python_first>);
  add_timed_by_hand("process_death_to_next_result", "heddle", death_to_next_result, 100, {1});
  add_timed_by_hand("process_worker_memory", "heddle", memory_here<&idle_memory::worker>, 1, {1});
  add_timed_by_hand("process_server_memory", "heddle", memory_here<&idle_memory::server>, 1, {1});
  add_timed_by_hand("forked_process_worker_memory", "heddle", memory_forked<&idle_memory::worker>, 1, {1});
  add_timed_by_hand("forked_process_server_memory", "heddle", memory_forked<&idle_memory::server>, 1, {1});
  return true;
}();

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], argument_for_forked_memory) == 0) {
    const idle_memory found = measure_idle_memory();
    std::printf("%f %f %f\n", found.worker, found.server, found.growth);
    return 0;
  }
  heddle::init(argc, argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
