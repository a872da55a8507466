// SPDX-License-Identifier: MIT
#include <chrono>
#include <functional>
#include <heddle/asyncio.hpp>
#include <heddle/base/atomic.hpp>
#include <heddle/inline_executor.hpp>
#include <heddle/thread_pool_executor.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <support/catch.hpp>
#include <thread>
#include <utility>

namespace asyncio = heddle::asyncio;
using namespace std::chrono_literals;

TEST_CASE("to_thread() runs a call elsewhere, and the coroutine goes on in the loop's thread", "[asyncio][to_thread]") {
  asyncio::run([]() -> asyncio::task<void> {
    const auto here = std::this_thread::get_id();
    const auto there = co_await asyncio::to_thread([] { return std::this_thread::get_id(); });
    CHECK(there != here);
    CHECK(std::this_thread::get_id() == here);
  });
}

TEST_CASE("to_thread() takes an executor, and moves the callable and the arguments in", "[asyncio][to_thread]") {
  heddle::thread_pool_executor pool{{.max_workers = 1}};
  asyncio::run([&]() -> asyncio::task<void> {
    auto add = [owned = std::make_unique<int>(1)](std::unique_ptr<int> other) { return *owned + *other; };
    const int sum = co_await asyncio::to_thread(pool, std::move(add), std::make_unique<int>(2));
    CHECK(sum == 3);

    int changed = 0;
    co_await asyncio::to_thread(pool, [](int& number) { number = 4; }, std::ref(changed));
    CHECK(changed == 4);

    heddle::inline_executor here;
    const std::string text =
        co_await asyncio::to_thread(here, [](const std::string& given) { return given + "!"; }, "done");
    CHECK(text == "done!");
  });
}

TEST_CASE("to_thread() throws what the call throws", "[asyncio][to_thread]") {
  CHECK_THROWS_WITH(asyncio::run(asyncio::to_thread([] { throw std::runtime_error("in the thread"); })),
                    "in the thread");
}

TEST_CASE("to_thread() is lazy, as every coroutine", "[asyncio][to_thread]") {
  heddle::base::atomic<bool> ran = false;
  {
    const auto unused = asyncio::to_thread([&] { ran.store(true); });
    std::this_thread::sleep_for(2ms);
  }
  CHECK_FALSE(ran.load());
}

TEST_CASE("cancelling to_thread() cancels a call that is queued, and never one that runs", "[asyncio][to_thread]") {
  heddle::thread_pool_executor pool{{.max_workers = 1}};
  heddle::promise<void> begun;
  heddle::promise<void> go_on;
  auto begun_future = begun.get_future();
  auto go_on_future = go_on.get_future();
  heddle::base::atomic<bool> finished = false;
  heddle::base::atomic<bool> queued_ran = false;
  asyncio::run([&]() -> asyncio::task<void> {
    auto running = asyncio::create_task(asyncio::to_thread(pool, [&] {
      begun.set_value();
      go_on_future.result();
      finished.store(true);
    }));
    auto queued = asyncio::create_task(asyncio::to_thread(pool, [&] { queued_ran.store(true); }));
    co_await begun_future;
    running.cancel();
    queued.cancel();
    while (!running.done() || !queued.done()) co_await asyncio::sleep(0s);
    CHECK(running.cancelled());
    CHECK(queued.cancelled());
    CHECK_FALSE(finished.load());
    go_on.set_value();
  });
  pool.shutdown();
  CHECK(finished.load());
  CHECK_FALSE(queued_ran.load());
}
