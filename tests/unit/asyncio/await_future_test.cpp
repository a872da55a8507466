// SPDX-License-Identifier: MIT
#include <heddle/asyncio.hpp>
#include <heddle/thread_pool_executor.hpp>
#include <memory>
#include <stdexcept>
#include <support/catch.hpp>
#include <support/scale.hpp>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace asyncio = heddle::asyncio;

TEST_CASE("co_await of an lvalue future refers to its result, any number of times", "[asyncio][future]") {
  heddle::thread_pool_executor pool{{.max_workers = 1}};
  asyncio::run([&]() -> asyncio::task<void> {
    auto future = pool.submit([] { return std::make_unique<int>(1); });
    std::unique_ptr<int>& stored = co_await future;
    std::unique_ptr<int>& again = co_await future;
    CHECK(*stored == 1);
    CHECK(&stored == &again);

    auto nothing = pool.submit([] {});
    co_await nothing;
    co_await nothing;
    CHECK(nothing.valid());
  });
}

TEST_CASE("co_await of an rvalue future moves its result out", "[asyncio][future]") {
  heddle::thread_pool_executor pool{{.max_workers = 1}};
  asyncio::run([&]() -> asyncio::task<void> {
    auto future = pool.submit([] { return std::make_unique<int>(2); });
    const std::unique_ptr<int> owned = co_await std::move(future);
    CHECK(*owned == 2);
    CHECK_FALSE(future.valid());
    const int three = co_await pool.submit([] { return 3; });
    CHECK(three == 3);
  });
}

TEST_CASE("co_await of a future throws what result() throws", "[asyncio][future]") {
  heddle::thread_pool_executor pool{{.max_workers = 1}};
  asyncio::run([&]() -> asyncio::task<void> {
    auto failing = pool.submit([] { throw std::runtime_error("in the pool"); });
    std::string text;
    try {
      co_await failing;
    } catch (const std::runtime_error& error) {
      text = error.what();
    }
    CHECK(text == "in the pool");

    heddle::promise<int> promise;
    auto cancelled = promise.get_future();
    auto canceller = asyncio::create_task([&]() -> asyncio::task<void> {
      cancelled.cancel();
      co_return;
    });
    bool thrown = false;
    try {
      co_await cancelled;
    } catch (const heddle::cancelled_error&) {
      thrown = true;
    }
    CHECK(thrown);

    bool refused = false;
    try {
      co_await heddle::future<int>();
    } catch (const heddle::invalid_state_error&) {
      refused = true;
    }
    CHECK(refused);
  });
}

TEST_CASE("a task goes on in its loop's thread after each of many futures", "[asyncio][future]") {
  heddle::thread_pool_executor pool{{.max_workers = 2}};
  const auto here = std::this_thread::get_id();
  const std::size_t tasks = 50;
  const std::size_t rounds = heddle_test::scaled(400);
  std::size_t sum = 0;
  bool elsewhere = false;
  auto work = [&]() -> asyncio::task<void> {
    for (std::size_t round = 0; round < rounds; ++round) {
      sum += co_await pool.submit([] { return std::size_t{1}; });
      elsewhere = elsewhere || std::this_thread::get_id() != here;
    }
  };
  asyncio::run([&]() -> asyncio::task<void> {
    std::vector<asyncio::task<void>> all;
    for (std::size_t i = 0; i < tasks; ++i) all.push_back(work());
    co_await asyncio::gather(std::move(all));
  });
  CHECK(sum == tasks * rounds);
  CHECK_FALSE(elsewhere);
}
