// SPDX-License-Identifier: MIT
// What a thread pool says about itself.
#include <heddle/thread_pool_executor.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <utility>
#include <vector>

#include <heddle/blocking.hpp>
#include <heddle/parallel_for.hpp>
#include <heddle/task_group.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/gate.hpp>

using heddle::thread_pool_executor;
using heddle::thread_pool_stats;
using heddle_test::gate;

namespace {

/// Returns when all workers sleep.
thread_pool_stats when_idle(const thread_pool_executor& pool) {
  for (;;) {
    const thread_pool_stats now = pool.stats();
    if (now.idle_workers == pool.max_workers()) return now;
    std::this_thread::yield();
  }
}

}  // namespace

TEST_CASE("a new pool has done nothing, and its workers go to sleep", "[thread_pool][stats]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool({.max_workers = 3});
  const thread_pool_stats now = when_idle(pool);
  CHECK(now.workers == 3);
  CHECK(now.queued_jobs == 0);
  CHECK(now.stand_ins + now.stand_ins_started + now.stand_ins_failed == 0);
  CHECK(now.jobs_run + now.jobs_stolen + now.tasks_stolen == 0);
  CHECK(now.times_parked >= 3);
  pool.shutdown();
  CHECK(pool.stats().idle_workers == 0);
}

TEST_CASE("calls are counted while they wait and when they were run", "[thread_pool][stats]") {
  const heddle_test::deadline limit;
  const std::size_t workers = GENERATE(1U, 2U);
  std::vector<gate> busy(workers);
  thread_pool_executor pool({.max_workers = workers});
  for (gate& each : busy) heddle_test::occupy(pool, each);
  CHECK(pool.stats().queued_jobs == 0);
  pool.post([] {});
  pool.with(heddle::priority::high).post([] {});
  pool.with(heddle::priority::background).post_bulk([](int) {}, std::array{1, 2, 3});
  heddle::future<void> cancelled = pool.submit([] {});
  CHECK(cancelled.cancel());
  CHECK(pool.stats().queued_jobs == 6);
  CHECK(pool.stats().idle_workers == 0);
  for (gate& each : busy) each.open();
  pool.shutdown();
  CHECK(pool.stats().queued_jobs == 0);
  CHECK(pool.stats().jobs_run == workers + 6);
}

TEST_CASE("calls in the queues of workers are counted, and those that others take from there", "[thread_pool][stats]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool({.max_workers = 2});
  gate busy;
  heddle_test::occupy(pool, busy);
  pool.submit([&] {
        std::atomic<int> left{5};
        pool.post_bulk([&left](int) { --left; }, std::array{1, 2, 3, 4, 5});
        CHECK(pool.stats().queued_jobs == 5);
        busy.open();
        while (left != 0) std::this_thread::yield();  // the other worker runs them
      })
      .result();
  CHECK(pool.stats().jobs_stolen == 5);
  pool.shutdown();
  CHECK(pool.stats().jobs_run == 7);
}

TEST_CASE("calls that a waiter of their group or of their future runs are counted once", "[thread_pool][stats]") {
  const heddle_test::deadline limit;
  const std::size_t workers = GENERATE(1U, 2U);
  thread_pool_executor pool({.max_workers = workers});
  pool.submit([&] {
        heddle::task_group group(pool);
        for (int i = 0; i < 10; ++i) group.run([] {});
        group.wait();
        pool.submit([] {}).result();
      })
      .result();
  pool.shutdown();
  CHECK(pool.stats().jobs_run == 12);
}

TEST_CASE("calls that a worker waits for or cancels do not pile up in its own queue",
          "[thread_pool][stats][regression]") {
  const heddle_test::deadline limit;
  heddle_test::gate busy;
  thread_pool_executor pool{{.max_workers = 2}};
  heddle_test::occupy(pool, busy);  // the worker that would take them
  std::size_t after_waits = 0;
  std::size_t after_cancellations = 0;
  pool.submit([&] {
        auto kept = pool.submit([] {});  // below all of them
        for (int i = 0; i < 10'000; ++i) {
          auto first = pool.submit([] {});
          auto second = pool.submit([] {});
          first.result();
          second.result();
        }
        after_waits = pool.stats().queued_jobs;
        for (int i = 0; i < 10'000; ++i) CHECK(pool.submit([] {}).cancel());
        after_cancellations = pool.stats().queued_jobs;
        kept.result();
      })
      .result();
  busy.open();
  CHECK(after_waits == 1);
  CHECK(after_cancellations < 1000);
}

TEST_CASE("parts of loops that idle workers take are counted", "[thread_pool][stats]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool({.max_workers = 2});
  const auto here = std::this_thread::get_id();
  std::atomic<bool> helped{false};
  heddle::parallel_for(pool, 0, 1000, [&](int i) {
    if (std::this_thread::get_id() != here) {
      helped = true;
    } else if (i == 0) {
      while (!helped) std::this_thread::yield();
    }
  });
  CHECK(pool.stats().tasks_stolen >= 1);
  CHECK(pool.stats().jobs_run == 0);
}

TEST_CASE("threads that stand in are counted", "[thread_pool][stats]") {
  const heddle_test::deadline limit;
  std::array<gate, 2> busy;
  thread_pool_executor pool({.max_workers = 2});
  for (gate& each : busy) {
    pool.post([&each] {
      const heddle::blocking scope;
      each.pass();
    });
    each.wait_until_reached();
  }
  gate in_stand_in;
  heddle_test::occupy(pool, in_stand_in);
  const thread_pool_stats now = pool.stats();
  CHECK(now.workers == 2);
  CHECK(now.stand_ins >= 1);
  CHECK(now.stand_ins_started >= now.stand_ins);
  CHECK(now.stand_ins_failed == 0);
  for (gate& each : busy) each.open();
  in_stand_in.open();
  pool.shutdown();
  CHECK(pool.stats().stand_ins == 0);
  CHECK(pool.stats().stand_ins_started >= now.stand_ins_started);
}

TEST_CASE("a call that comes alone wakes one worker", "[thread_pool][stats][regression]") {
  const heddle_test::deadline limit;
  constexpr std::uint64_t times = 100;
  thread_pool_executor pool({.max_workers = 4});
  const std::uint64_t before = when_idle(pool).times_parked;
  for (std::uint64_t i = 0; i < times; ++i) {
    pool.submit([] {}).result();
    static_cast<void>(when_idle(pool));
  }
  // The one that took the call used to wake another one for what it had taken.
  CHECK(pool.stats().times_parked - before <= times + times / 10);
}
