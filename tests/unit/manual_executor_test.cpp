// SPDX-License-Identifier: MIT
#include <heddle/asyncio.hpp>
#include <heddle/errors.hpp>
#include <heddle/executor.hpp>
#include <heddle/manual_executor.hpp>
#include <heddle/thread_pool_executor.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/gate.hpp>
#include <support/tracked.hpp>

using namespace std::chrono_literals;
using heddle::future;
using heddle::manual_executor;
using heddle::manual_order;
using heddle::pending_jobs;

namespace {

/// The order in which an executor runs eight posted calls.
std::string order_of(heddle::manual_executor_options options) {
  manual_executor executor(options);
  std::string ran;
  for (const char each : std::string("abcdefgh")) executor.post([&ran, each] { ran += each; });
  executor.run_all();
  return ran;
}

}  // namespace

TEST_CASE("a manual executor runs nothing by itself, and then one call at a time", "[manual_executor]") {
  manual_executor executor;
  int ran = 0;
  auto first = executor.submit([&] { return ++ran; });
  executor.post([&] { ++ran; });
  CHECK(executor.pending() == 2);
  CHECK(executor.max_workers() == 1);
  CHECK(ran == 0);
  CHECK_FALSE(first.done());
  CHECK_THROWS_AS(first.result(0s), heddle::timeout_error);

  CHECK(executor.run_one());
  CHECK(ran == 1);
  CHECK(first.result() == 1);
  CHECK(executor.pending() == 1);
  CHECK(executor.run_one());
  CHECK(ran == 2);
  CHECK_FALSE(executor.run_one());
  CHECK(executor.pending() == 0);
}

TEST_CASE("run_all() runs what calls submit too, and says how many it ran", "[manual_executor]") {
  manual_executor executor;
  int ran = 0;
  executor.post([&] {
    ++ran;
    executor.post([&] {
      ++ran;
      executor.post([&] { ++ran; });
    });
  });
  auto failed = executor.submit([]() -> int { throw std::runtime_error("as asked"); });
  CHECK(executor.run_all() == 4);
  CHECK(ran == 3);
  CHECK_THROWS_WITH(failed.result(), "as asked");
  CHECK(executor.run_all() == 0);
}

TEST_CASE("run_until() runs no more calls than it takes to end a future", "[manual_executor]") {
  manual_executor executor;
  std::string ran;
  executor.post([&] { ran += 'a'; });
  auto awaited = executor.submit([&] { ran += 'b'; });
  executor.post([&] { ran += 'c'; });
  CHECK(executor.run_until(awaited));
  CHECK(ran == "ab");
  CHECK(executor.run_until(awaited));
  CHECK(ran == "ab");

  heddle::promise<int> nobodys;
  const future<int> endless = nobodys.get_future();
  CHECK_FALSE(executor.run_until(endless));
  CHECK(ran == "abc");
}

TEST_CASE("a manual executor runs the oldest first, or the newest", "[manual_executor][order]") {
  CHECK(order_of({}) == "abcdefgh");
  CHECK(order_of({.order = manual_order::lifo}) == "hgfedcba");
}

TEST_CASE("a random order follows from its seed, the same everywhere", "[manual_executor][order]") {
  CHECK(order_of({.order = manual_order::random, .seed = 1}) == "bacdfhge");
  CHECK(order_of({.order = manual_order::random, .seed = 1}) == "bacdfhge");
  CHECK(order_of({.order = manual_order::random, .seed = 2}) == "gaecdbfh");
}

TEST_CASE("in a random order each call is as likely to be the first", "[manual_executor][order]") {
  std::vector<int> first(8);
  for (std::uint64_t seed = 0; seed < 800; ++seed) {
    const std::string ran = order_of({.order = manual_order::random, .seed = seed});
    ++first.at(static_cast<std::size_t>(ran.front() - 'a'));
  }
  for (const int count : first) {
    CHECK(count > 60);
    CHECK(count < 140);
  }
}

TEST_CASE("a cancelled call neither waits nor runs nor counts", "[manual_executor][cancel]") {
  manual_executor executor;
  heddle_test::life_counts counts;
  auto cancelled = executor.submit([held = heddle_test::tracked(counts)] {});
  int ran = 0;
  executor.post([&] { ++ran; });
  CHECK(cancelled.cancel());
  CHECK(counts.alive == 0);
  CHECK(executor.pending() == 1);
  SECTION("one by one") {
    CHECK(executor.run_one());
    CHECK(ran == 1);
    CHECK_FALSE(executor.run_one());
  }
  SECTION("all at once") { CHECK(executor.run_all() == 1); }
  CHECK(cancelled.cancelled());
}

TEST_CASE("a call that waits for another one of its manual executor runs it, in its turn or not",
          "[manual_executor][waiting]") {
  const heddle_test::deadline limit;
  const auto order = GENERATE(manual_order::fifo, manual_order::lifo, manual_order::random);
  manual_executor executor{{.order = order}};
  std::string ran;
  auto outer = executor.submit([&] {
    auto other = executor.submit([&] { ran += 'o'; });
    auto awaited = executor.submit([&] {
      ran += 'a';
      return executor.submit([&] { return ran += 'i'; }).result();
    });
    ran += 'b';
    std::string result = awaited.result();
    CHECK_FALSE(other.done());
    CHECK(executor.pending() == 1);
    return result;
  });
  CHECK(executor.run_one());
  CHECK(outer.result() == "bai");
  CHECK(executor.run_all() == 1);
  CHECK(ran == "baio");
}

TEST_CASE("calls that others wait for count as run", "[manual_executor][waiting]") {
  const heddle_test::deadline limit;
  manual_executor executor;
  executor.post([&] { executor.submit([&] { executor.submit([] {}).result(); }).result(); });
  CHECK(executor.run_all() == 3);
}

TEST_CASE("a call may run others of its executor itself", "[manual_executor]") {
  manual_executor executor;
  std::string ran;
  executor.post([&] {
    ran += 'a';
    CHECK(executor.run_one());
    ran += 'c';
  });
  executor.post([&] { ran += 'b'; });
  executor.post([&] { ran += 'd'; });
  CHECK(executor.run_all() == 2);
  CHECK(ran == "abcd");
}

TEST_CASE("a thread outside waits until another one runs the call", "[manual_executor][waiting]") {
  const heddle_test::deadline limit;
  manual_executor executor;
  auto f = executor.submit([] { return std::this_thread::get_id(); });
  std::thread other([&] { executor.run_one(); });
  const auto ran_in = f.result();
  CHECK(ran_in == other.get_id());
  other.join();
}

TEST_CASE("several threads run calls of a manual executor, each once", "[manual_executor]") {
  const heddle_test::deadline limit;
  manual_executor executor{{.order = manual_order::random}};
  std::atomic<int> ran{0};
  for (int i = 0; i < 1000; ++i) {
    executor.post([&] {
      ++ran;
      executor.submit([&] { ++ran; }).result();
    });
  }
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { executor.run_all(); });
  for (std::thread& each : threads) each.join();
  CHECK(ran == 2000);
  CHECK(executor.pending() == 0);
}

TEST_CASE("a worker that runs a manual executor's calls stays a worker of its pool", "[manual_executor][waiting]") {
  const heddle_test::deadline limit;
  heddle::thread_pool_executor pool{{.max_workers = 1}};
  manual_executor executor;
  auto outer = executor.submit([&] {
    auto in_pool = pool.submit([&] { return executor.submit([] { return 20; }).result() + 1; });
    return in_pool.result() + executor.submit([] { return 21; }).result();
  });
  CHECK(pool.submit([&] { return executor.run_all(); }).result() == 3);
  CHECK(outer.result(0s) == 42);
}

TEST_CASE("calls of two manual executors wait for each other's", "[manual_executor][waiting]") {
  const heddle_test::deadline limit;
  manual_executor one;
  manual_executor two;
  auto outer = one.submit([&] {
    auto first = one.submit([] { return 1; });
    auto in_two = two.submit([&] { return first.result() + 1; });
    CHECK(two.run_one());
    return in_two.result();
  });
  CHECK(one.run_all() == 2);
  CHECK(outer.result(0s) == 2);
}

TEST_CASE("a manual executor under to_thread() is run by another coroutine", "[manual_executor][asyncio]") {
  const heddle_test::deadline limit;
  namespace asyncio = heddle::asyncio;
  manual_executor executor;
  const auto pump = [&]() -> asyncio::task<bool> {
    while (!executor.run_one()) co_await asyncio::sleep(0ms);
    co_return true;
  };
  asyncio::run([&]() -> asyncio::task<void> {
    const auto [answer, ran] = co_await asyncio::gather(asyncio::to_thread(executor, [] { return 42; }), pump());
    CHECK(answer == 42);
    CHECK(ran);
  });
}

TEST_CASE("a call that a coroutine runs may block and run an event loop of its own", "[manual_executor][asyncio]") {
  const heddle_test::deadline limit;
  namespace asyncio = heddle::asyncio;
  manual_executor executor;
  heddle::thread_pool_executor pool{{.max_workers = 1}};
  auto f = executor.submit([&] {
    const int inner = asyncio::run([&]() -> asyncio::task<int> {
      co_await asyncio::sleep(1ms);
      co_return co_await executor.submit([] { return 2; });
    });
    return inner + pool.submit([] { return 3; }).result();
  });
  asyncio::run([&]() -> asyncio::task<void> {
    CHECK(executor.run_one());
    co_return;
  });
  CHECK(f.result(0s) == 5);
}

TEST_CASE("a manual executor that is shut down runs what waits, or leaves it to be run, or cancels it",
          "[manual_executor][shutdown]") {
  manual_executor executor;
  auto f = executor.submit([] { return 1; });
  SECTION("runs") {
    executor.shutdown();
    CHECK(f.result(0s) == 1);
  }
  SECTION("leaves") {
    executor.shutdown(pending_jobs::finish, heddle::join_workers::no);
    CHECK_FALSE(f.done());
    CHECK(executor.run_all() == 1);
    CHECK(f.result(0s) == 1);
  }
  SECTION("cancels") {
    executor.shutdown(pending_jobs::cancel);
    CHECK(f.cancelled());
  }
  CHECK(executor.pending() == 0);
  heddle_test::life_counts counts;
  CHECK_THROWS_AS(executor.submit([held = heddle_test::tracked(counts)] {}), heddle::executor_shutdown_error);
  CHECK_THROWS_AS(executor.post([held = heddle_test::tracked(counts)] {}), heddle::executor_shutdown_error);
  CHECK(counts.alive == 0);
}

TEST_CASE("a call of a manual executor that is being shut down submits in vain", "[manual_executor][shutdown]") {
  manual_executor executor;
  auto f = executor.submit([&] { executor.post([] {}); });
  executor.shutdown();
  CHECK_THROWS_AS(f.result(), heddle::executor_shutdown_error);
}

TEST_CASE("a manual executor that is destroyed cancels what has not run", "[manual_executor][shutdown]") {
  heddle_test::life_counts counts;
  future<int> f;
  int told = 0;
  {
    manual_executor executor;
    f = executor.submit([held = heddle_test::tracked(counts)] { return 1; });
    f.add_done_callback([&](const future<int>& ended) { told += ended.cancelled() ? 1 : 0; });
    executor.post([held = heddle_test::tracked(counts)] {});
    CHECK(counts.alive == 2);
  }
  CHECK(counts.alive == 0);
  CHECK(told == 1);
  CHECK_THROWS_AS(f.result(), heddle::cancelled_error);
}
