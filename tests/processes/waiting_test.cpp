// SPDX-License-Identifier: MIT
// Who waits for calls: many at a time, and for workers and fork servers that die meanwhile.
#include <heddle/process_pool_executor.hpp>

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <span>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <heddle/errors.hpp>
#include <heddle/shared_array.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/scale.hpp>
#include <support/threads.hpp>

#include "processes/started_program.hpp"

using heddle::process_pool_executor;
using heddle::worker_died;
using heddle_test::scaled;

namespace {

int six_times(int value) { return 6 * value; }

struct mapping_flags {
  std::size_t mappings = 0;
  std::size_t not_dumped = 0;
};

/// Of what this process shares with others for workers.
mapping_flags shared_mappings() {
  mapping_flags found;
  std::ifstream maps("/proc/self/smaps");
  bool is_shared = false;
  for (std::string line; std::getline(maps, line);) {
    if (line.find("memfd:heddle") != std::string::npos) is_shared = true;
    if (!is_shared || line.rfind("VmFlags:", 0) != 0) continue;
    is_shared = false;
    ++found.mappings;
    if (line.find(" dd") != std::string::npos) ++found.not_dumped;
  }
  return found;
}

}  // namespace

TEST_CASE("a thousand threads wait for one worker", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  std::vector<heddle::future<int>> all;
  const int count = static_cast<int>(scaled(1000));
  for (int i = 0; i < count; ++i) all.push_back(procs.submit(six_times, i));
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i)
    threads.emplace_back([&, i] { wrong += all[static_cast<std::size_t>(i)].result() == 6 * i ? 0 : 1; });
  for (auto& each : threads) each.join();
  CHECK(wrong == 0);
}

TEST_CASE("who reads the results of a worker learns that it dies", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  for (std::size_t round = 0; round < scaled(50); ++round) {
    const pid_t worker = procs.submit([] { return ::getpid(); }).result();
    auto stops = procs.submit([] { ::raise(SIGSTOP); });
    auto behind = procs.submit(six_times, 2);
    std::atomic<bool> has_died{false};
    std::thread reader([&] {
      try {
        stops.result();
      } catch (const worker_died&) {
        has_died = true;
      }
    });
    while (heddle_test::state_of(worker) != 'T') std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::microseconds(100 * (round % 5)));  // it waits in different ways
    ::kill(worker, SIGKILL);
    reader.join();
    CHECK(has_died);
    CHECK(behind.result() == 12);
  }
}

TEST_CASE("a pool ends whoever is still busy with sending a call that has ended", "[process_pool]") {
  if (std::getenv("HEDDLE_TEST_FORKED") != nullptr) SKIP("it takes seconds, and would be the same");
  const heddle_test::deadline limit;
  // Who submits has to wait for its turn on its processor when a worker has been woken there, and all are in use.
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(*heddle_test::cpus_of_this_thread().begin(), &one);
  std::atomic<bool> is_over{false};
  std::vector<std::thread> competing(std::thread::hardware_concurrency());
  for (std::thread& each : competing) {
    each = std::thread([&] {
      while (!is_over) continue;
    });
  }
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(8);
  for (std::size_t i = 0; i < scaled(100) && std::chrono::steady_clock::now() < until; ++i) {
    process_pool_executor procs{{.max_workers = 1}};
    for (int call = 0; call < 20; ++call) procs.submit(six_times, call).wait();
    for (const pid_t each : procs.worker_pids()) ::sched_setaffinity(each, sizeof one, &one);
    std::atomic<bool> has_begun{false};
    std::thread submits([&] {
      ::sched_setaffinity(0, sizeof one, &one);
      has_begun = true;
      for (std::size_t call = 0; call <= i % 5; ++call) {
        try {
          static_cast<void>(procs.submit(six_times, 7));
        } catch (const heddle::executor_shutdown_error&) {
        }
      }
    });
    while (!has_begun) continue;
    procs.shutdown();
    submits.join();
    CHECK(procs.stats().with_workers == 0);
  }
  is_over = true;
  for (std::thread& each : competing) each.join();
}

TEST_CASE("a fork server that is killed while it starts workers is replaced", "[process_pool]") {
  const heddle_test::deadline limit;
  if (std::getenv("HEDDLE_TEST_FORKED") != nullptr) SKIP("a forked one cannot be replaced");
  process_pool_executor procs{{.max_workers = 2, .max_tasks_per_child = 1}};
  pid_t server = 0;
  std::size_t results = 0;
  for (std::size_t round = 0; round < scaled(20); ++round) {
    std::vector<heddle::future<pid_t>> all;
    for (int i = 0; i < 8; ++i) all.push_back(procs.submit([] { return ::getppid(); }));
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (i == round % 8 && server != 0) ::kill(server, SIGKILL);
      try {
        server = all[i].result();
        ++results;
      } catch (const worker_died&) {
      } catch (const heddle::executor_start_error&) {
      }
    }
  }
  CHECK(results > 0);
  for (;;) {
    try {
      const int result = procs.submit(six_times, 1).result();
      CHECK(result == 6);
      break;
    } catch (const heddle::executor_start_error&) {  // it tries again when 100 ms have passed
      std::this_thread::yield();
    }
  }
}

TEST_CASE("a fork server that has no more descriptors starts no workers, and keeps those that there are",
          "[process_pool]") {
  const heddle_test::deadline limit;
  if (heddle_test::under_address_sanitizer) return;  // UBSan, which is with it, takes a pipe to look at an object
  process_pool_executor procs{{.max_workers = 1}};
  const auto [server, worker] = procs.submit([] { return std::pair(::getppid(), ::getpid()); }).result();
  rlimit before{};
  REQUIRE(::prlimit(server, RLIMIT_NOFILE, nullptr, &before) == 0);
  for (rlim_t most = 4; most < 12; ++most) {
    rlimit few = before;
    few.rlim_cur = most;
    REQUIRE(::prlimit(server, RLIMIT_NOFILE, &few, nullptr) == 0);
    process_pool_executor refused{{.max_workers = 1}};
    try {
      const int result = refused.submit(six_times, 1).result();
      CHECK(result == 6);
    } catch (const heddle::executor_start_error& error) {
      CHECK(error.code() == std::error_code(EMFILE, std::system_category()));
    }
    CHECK(procs.submit([] { return ::getpid(); }).result() == worker);
  }
  REQUIRE(::prlimit(server, RLIMIT_NOFILE, &before, nullptr) == 0);
  process_pool_executor more{{.max_workers = 1}};
  CHECK(more.submit([] { return ::getppid(); }).result() == server);
}

TEST_CASE("what is shared with workers is in no core dump", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  heddle::shared_array<int> array(10'000);
  const mapping_flags there = procs.submit([](std::span<int>) { return shared_mappings(); }, array).result();
  CHECK(there.mappings == 2);
  CHECK(there.not_dumped == there.mappings);
  const mapping_flags here = shared_mappings();
  CHECK(here.mappings == 2);
  CHECK(here.not_dumped == here.mappings);
}
