// SPDX-License-Identifier: MIT
// wait_idle(): until a pool has nothing to do.
#include <heddle/thread_pool_executor.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include <heddle/blocking.hpp>
#include <heddle/errors.hpp>
#include <heddle/task_group.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/gate.hpp>
#include <support/waiting_threads.hpp>

namespace {

using namespace std::chrono_literals;
using heddle::thread_pool_executor;
using heddle_test::gate;

}  // namespace

TEST_CASE("a pool without calls is idle, also when it is new or shut down", "[wait_idle]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 2}};
  CHECK(pool.wait_idle());
  pool.shutdown();
  CHECK(pool.wait_idle());
}

TEST_CASE("who waits until a pool is idle sees what its calls and their calls did", "[wait_idle]") {
  const heddle_test::deadline limit;
  const std::size_t workers = GENERATE(1U, 2U, 3U);
  CAPTURE(workers);
  thread_pool_executor pool{{.max_workers = workers}};
  for (int round = 0; round < 50; ++round) {
    auto counted = std::make_unique<std::atomic<int>>(0);
    for (int i = 0; i < 10; ++i) {
      pool.post([&pool, ran = counted.get()] {
        for (int k = 0; k < 5; ++k) pool.post([ran] { ran->fetch_add(1, std::memory_order_relaxed); });
      });
    }
    REQUIRE(pool.wait_idle());
    REQUIRE(counted->load(std::memory_order_relaxed) == 50);
  }
}

TEST_CASE("a pool whose call runs, blocks or waits in the queue is not idle", "[wait_idle]") {
  const heddle_test::deadline limit;
  const bool blocks = GENERATE(false, true);
  const std::size_t workers = GENERATE(1U, 2U);
  CAPTURE(blocks, workers);
  thread_pool_executor pool{{.max_workers = workers}};
  gate busy;
  pool.post([&] {
    if (!blocks) return busy.pass();
    const heddle::blocking scope;
    busy.pass();
  });
  busy.wait_until_reached();
  CHECK_FALSE(pool.wait_idle(0s));
  CHECK_FALSE(pool.wait_idle(5ms));
  busy.open();
  CHECK(pool.wait_idle());
}

TEST_CASE("a pool is usable while and after it was waited for", "[wait_idle]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  gate busy;
  heddle_test::occupy(pool, busy);
  std::atomic<bool> idle{false};
  std::thread waiter = heddle_test::blocked_in([&] { idle = pool.wait_idle(); });
  auto meanwhile = pool.submit([] { return 1; });
  CHECK_FALSE(idle);
  busy.open();
  waiter.join();
  CHECK(idle);
  CHECK(meanwhile.done());
  CHECK(pool.submit([] { return 2; }).result() == 2);
}

TEST_CASE("calls whose time has not come keep no pool from being idle", "[wait_idle]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  auto later = pool.submit_after(1h, [] {});
  CHECK(pool.wait_idle());
  CHECK_FALSE(later.done());
}

TEST_CASE("a call of the pool may not wait until the pool is idle, nor may an event loop", "[wait_idle]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 2}};
  CHECK_THROWS_AS(pool.submit([&] { pool.wait_idle(); }).result(), heddle::invalid_state_error);
  heddle_test::loop_context loop;
  const heddle::sync::scoped_context installed(loop);
  CHECK_THROWS_AS(pool.wait_idle(), heddle::invalid_state_error);
  CHECK_NOTHROW(pool.wait_idle(0s));  // only looks
}
