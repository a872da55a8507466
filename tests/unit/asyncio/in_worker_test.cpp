// SPDX-License-Identifier: MIT
// Event loops that run in workers of pools, and jobs that run in the threads of event loops.
#include <chrono>
#include <heddle/asyncio.hpp>
#include <heddle/base/atomic.hpp>
#include <heddle/parallel_for.hpp>
#include <heddle/thread_pool_executor.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/gate.hpp>
#include <thread>
#include <utility>
#include <vector>

namespace asyncio = heddle::asyncio;
using namespace std::chrono_literals;

namespace {

template <class F>
auto run_in_worker(heddle::thread_pool_executor& pool, F coroutine) {
  return pool.submit([&] { return asyncio::run(std::move(coroutine)); }).result();
}

}  // namespace

TEST_CASE("a loop in the only worker of a pool runs the calls it awaits there", "[asyncio][in_worker]") {
  heddle::thread_pool_executor pool{{.max_workers = 1}};
  const int sum = run_in_worker(pool, [&]() -> asyncio::task<int> {
    const int one = co_await asyncio::to_thread(pool, [] { return 1; });
    const int two = co_await pool.submit([] { return 2; });
    auto four = pool.submit([] { return 4; });
    four.wait();
    co_return one + two + four.result();
  });
  CHECK(sum == 7);
}

TEST_CASE("a loop in the only worker runs what many coroutines await, and sleeps for timers", "[asyncio][in_worker]") {
  heddle::thread_pool_executor pool{{.max_workers = 1}};
  const int sum = run_in_worker(pool, [&]() -> asyncio::task<int> {
    auto slept = asyncio::create_task([]() -> asyncio::task<int> {
      co_await asyncio::sleep(2ms);
      co_return 1;
    });
    std::vector<asyncio::task<int>> all;
    for (int i = 0; i < 100; ++i) all.push_back(asyncio::to_thread(pool, [] { return 1; }));
    int total = co_await slept;
    for (const int part : co_await asyncio::gather(std::move(all))) total += part;
    co_return total;
  });
  CHECK(sum == 101);
}

TEST_CASE("what a loop in a worker no longer awaits is not run by it", "[asyncio][in_worker]") {
  heddle::thread_pool_executor pool{{.max_workers = 1}};
  heddle::base::atomic<bool> ran = false;
  run_in_worker(pool, [&]() -> asyncio::task<void> {
    auto left = asyncio::create_task(asyncio::to_thread(pool, [&] { ran.store(true); }));
    auto leaving = asyncio::create_task([&left]() -> asyncio::task<void> {
      left.cancel();
      co_return;
    });
    co_await leaving;
    co_await asyncio::sleep(2ms);
    CHECK(left.cancelled());
  });
  pool.shutdown();
  CHECK_FALSE(ran.load());
}

TEST_CASE("a job that the thread of a loop runs may block and run a loop of its own", "[asyncio][in_worker]") {
  heddle::thread_pool_executor pool{{.max_workers = 1}};
  const int sum = run_in_worker(pool, [&]() -> asyncio::task<int> {
    const auto block = [&] { return pool.submit([] { return 1; }).result(); };
    const auto run = [&] { return asyncio::run(asyncio::to_thread(pool, [] { return 2; })); };
    const int awaited = co_await pool.submit(block) + co_await pool.submit(run);
    auto blocked_for = pool.submit(block);
    blocked_for.wait();
    auto blocked_for_loop = pool.submit(run);
    blocked_for_loop.wait();
    // Afterwards this is a coroutine again.
    co_await asyncio::create_task(asyncio::sleep(0s));
    bool refused = false;
    auto queued = pool.submit([] {});
    try {
      queued.result();
    } catch (const heddle::invalid_state_error&) {
      refused = true;
    }
    CHECK(refused);
    co_return awaited + blocked_for.result() + blocked_for_loop.result();
  });
  CHECK(sum == 6);
}

TEST_CASE("the body of a parallel loop may block also where a loop's thread runs it", "[asyncio][in_worker]") {
  const heddle_test::deadline limit;
  heddle_test::gate ends;
  heddle::thread_pool_executor pool{{.max_workers = 2}};
  heddle::thread_pool_executor alone{{.max_workers = 1}};  // its loops run in the caller only
  heddle::base::atomic<int> sum = 0;
  asyncio::run([&]() -> asyncio::task<void> {
    heddle::parallel_for(alone, 0, 100, [&](int) { sum.fetch_add(pool.submit([] { return 1; }).result()); });
    bool refused = false;
    auto slow = pool.submit([&] { ends.pass(); });
    try {
      slow.result();
    } catch (const heddle::invalid_state_error&) {
      refused = true;
    }
    ends.open();
    CHECK(refused);
    co_return;
  });
  CHECK(sum.load() == 100);
}

TEST_CASE("waits that begin in a loop's thread and nest too deep for a stack go on in another one, as in a worker",
          "[asyncio][in_worker]") {
  heddle::thread_pool_executor pool{{.max_workers = 2, .stack_size = 128U << 10U}};
  const auto nested = [&pool](auto& self, int levels) -> int {
    return levels == 0 ? 0 : 1 + pool.submit([&self, levels] { return self(self, levels - 1); }).result();
  };
  const int levels = run_in_worker(pool, [&]() -> asyncio::task<int> {
    auto first = pool.submit([&] { return nested(nested, 2000); });
    first.wait();
    co_return first.result();
  });
  CHECK(levels == 2000);
}
