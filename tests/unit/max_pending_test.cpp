// SPDX-License-Identifier: MIT
// Pools whose calls may not wait in any number: max_pending and when_full.
#include <heddle/thread_pool_executor.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <heddle/errors.hpp>
#include <heddle/map.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/gate.hpp>
#include <support/tracked.hpp>
#include <support/waiting_threads.hpp>

namespace {

using Catch::Matchers::ContainsSubstring;
using heddle::executor_full_error;
using heddle::future;
using heddle::thread_pool_executor;
using heddle::when_full;
using heddle_test::gate;
using heddle_test::move_refused;
using heddle_test::moved_at_most;

/// Keeps the only worker of a pool that takes no more than `most` calls.
struct occupied_pool {
  occupied_pool(std::size_t most, when_full then)
      : pool({.max_workers = 1, .max_pending = most, .when_full = then}), passed(pool.submit([this] { busy.pass(); })) {
    busy.wait_until_reached();
  }
  ~occupied_pool() { busy.open(); }

  gate busy;
  thread_pool_executor pool;
  future<void> passed;
};

}  // namespace

TEST_CASE("a full pool rejects a call, and says how many wait and what to do", "[max_pending]") {
  const heddle_test::deadline limit;
  occupied_pool full(2, when_full::reject);
  auto first = full.pool.submit([] { return 1; });
  auto second = full.pool.submit([] { return 2; });
  CHECK_THROWS_WITH(full.pool.submit([] { return 3; }), ContainsSubstring("2 calls wait") &&
                                                            ContainsSubstring("max_pending") &&
                                                            ContainsSubstring("when_full::block"));
  CHECK_THROWS_AS(full.pool.submit([] { return 3; }), executor_full_error);
  CHECK_THROWS_AS(full.pool.post([] {}), executor_full_error);
  full.busy.open();
  CHECK(first.result() == 1);
  CHECK(second.result() == 2);
  CHECK(full.pool.submit([] { return 4; }).result() == 4);
}

TEST_CASE("a call that runs has left its place, and one that is cancelled leaves it when it is destroyed",
          "[max_pending]") {
  const heddle_test::deadline limit;
  occupied_pool full(1, when_full::reject);  // whose call runs
  auto waiting = full.pool.submit([] {});
  CHECK_THROWS_AS(full.pool.submit([] {}), executor_full_error);
  CHECK(waiting.cancel());
  CHECK_NOTHROW(full.pool.submit([] {}));
}

TEST_CASE("a rejected call is destroyed, and its arguments", "[max_pending]") {
  const heddle_test::deadline limit;
  occupied_pool full(1, when_full::reject);
  auto waiting = full.pool.submit([] {});
  auto held = std::make_shared<int>(1);
  CHECK_THROWS_AS(full.pool.submit([held](const std::shared_ptr<int>&) {}, held), executor_full_error);
  CHECK(held.use_count() == 1);
}

TEST_CASE("a call that cannot be moved or copied into a pool that counts its calls leaves its place", "[max_pending]") {
  const heddle_test::deadline limit;
  heddle_test::life_counts counts;
  occupied_pool full(1, when_full::reject);
  auto& pool = full.pool;
  for (const int times : {0, 1}) {  // it is moved into what counts it, and with that into the queue
    CHECK_THROWS_AS(pool.submit([held = moved_at_most(times, counts)] {}), move_refused);
    CHECK_THROWS_AS(pool.post([held = moved_at_most(times, counts)] {}), move_refused);
  }
  CHECK_THROWS_AS(pool.submit([](const moved_at_most&) {}, moved_at_most(0, counts)), move_refused);
  CHECK(counts.alive == 0);
  std::vector<heddle_test::tracked> elements;
  elements.emplace_back(counts);
  counts.copies_allowed = 0;
  CHECK_THROWS_AS(pool.submit_bulk([](const heddle_test::tracked&) {}, elements), heddle_test::copy_refused);
  CHECK_THROWS_AS(pool.map([](const heddle_test::tracked&) {}, elements), heddle_test::copy_refused);
  CHECK(counts.alive == 1);
  CHECK_NOTHROW(pool.post([] {}));
  CHECK_THROWS_AS(pool.post([] {}), executor_full_error);
}

TEST_CASE("with caller_runs a call that is one too many runs in its caller", "[max_pending]") {
  const heddle_test::deadline limit;
  occupied_pool full(1, when_full::caller_runs);
  const auto here = [] { return std::this_thread::get_id(); };
  auto waiting = full.pool.submit(here);
  auto too_many = full.pool.submit(here);
  REQUIRE(too_many.done());
  CHECK(too_many.result() == std::this_thread::get_id());
  std::thread::id posted_in;
  full.pool.post([&] { posted_in = here(); });
  CHECK(posted_in == std::this_thread::get_id());
  auto fails = full.pool.submit([]() -> int { throw std::runtime_error("here"); });
  CHECK_THROWS_AS(fails.result(), std::runtime_error);
  full.busy.open();
  CHECK(waiting.result() != std::this_thread::get_id());
}

TEST_CASE("with block a submitter sleeps until a call begins", "[max_pending]") {
  const heddle_test::deadline limit;
  occupied_pool full(1, when_full::block);
  auto waiting = full.pool.submit([] { return 1; });
  std::atomic<int> result{0};
  std::thread submitter = heddle_test::blocked_in([&] { result = full.pool.submit([] { return 2; }).result(); });
  CHECK(result == 0);
  full.busy.open();
  submitter.join();
  CHECK(result == 2);
  CHECK(waiting.result() == 1);
}

TEST_CASE("a submitter that sleeps is told when the pool is shut down", "[max_pending]") {
  const heddle_test::deadline limit;
  occupied_pool full(1, when_full::block);
  auto waiting = full.pool.submit([] { return 1; });
  std::atomic<bool> refused{false};
  std::thread submitter = heddle_test::blocked_in([&] {
    try {
      static_cast<void>(full.pool.submit([] {}));
    } catch (const heddle::executor_shutdown_error&) {
      refused = true;
    }
  });
  full.pool.shutdown(heddle::pending_jobs::finish, heddle::join_workers::no);
  submitter.join();
  CHECK(refused);
  full.busy.open();
  CHECK(waiting.result() == 1);
}

TEST_CASE("a full pool that was shut down says that, not that it is full", "[max_pending]") {
  const heddle_test::deadline limit;
  const when_full then = GENERATE(when_full::block, when_full::caller_runs, when_full::reject);
  occupied_pool full(1, then);
  auto waiting = full.pool.submit([] {});
  full.pool.shutdown(heddle::pending_jobs::finish, heddle::join_workers::no);
  CHECK_THROWS_AS(full.pool.submit([] {}), heddle::executor_shutdown_error);
  CHECK_THROWS_AS(full.pool.post([] {}), heddle::executor_shutdown_error);
}

TEST_CASE("calls of a full pool that submit to it never wait for each other", "[max_pending][waiting_rule]") {
  const heddle_test::deadline limit;
  const std::size_t workers = GENERATE(1U, 2U);
  thread_pool_executor pool{{.max_workers = workers, .max_pending = 1}};
  std::atomic<int> ran{0};
  struct tree {
    static void grow(thread_pool_executor& pool, std::atomic<int>& ran, int depth) {
      ++ran;
      if (depth == 0) return;
      auto left = pool.submit([&pool, &ran, depth] { grow(pool, ran, depth - 1); });
      auto right = pool.submit([&pool, &ran, depth] { grow(pool, ran, depth - 1); });
      left.result();
      right.result();
    }
  };
  pool.submit([&] { tree::grow(pool, ran, 7); }).result();
  CHECK(ran == 255);
}

TEST_CASE("a bulk is submitted one by one to a pool that counts its calls", "[max_pending]") {
  const heddle_test::deadline limit;
  const std::vector<int> numbers{1, 2, 3, 4, 5, 6, 7, 8};
  occupied_pool full(3, when_full::caller_runs);
  auto futures = full.pool.submit_bulk([](int each) { return std::pair(each, std::this_thread::get_id()); }, numbers);
  REQUIRE(futures.size() == numbers.size());
  for (std::size_t i = 3; i < futures.size(); ++i) CHECK(futures[i].result().second == std::this_thread::get_id());
  full.busy.open();
  int sum = 0;
  for (auto& each : futures) sum += each.result().first;
  CHECK(sum == 36);
}

TEST_CASE("a map over a full pool ends whatever is full", "[max_pending]") {
  const heddle_test::deadline limit;
  const when_full then = GENERATE(when_full::block, when_full::caller_runs);
  thread_pool_executor pool{{.max_workers = 2, .max_pending = 2, .when_full = then}};
  std::vector<int> numbers(200);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<int>(i);
  int next = 0;
  for (const int each : pool.map([](int number) { return 2 * number; }, numbers)) CHECK(each == 2 * next++);
  CHECK(next == 200);
}

TEST_CASE("many threads submit to a small pool, and no call is lost", "[max_pending]") {
  const heddle_test::deadline limit;
  std::atomic<int> ran{0};
  {
    thread_pool_executor pool{{.max_workers = 2, .max_pending = 2}};
    std::vector<std::thread> submitters;
    for (int i = 0; i < 4; ++i) {
      submitters.emplace_back([&] {
        for (int k = 0; k < 500; ++k) pool.post([&] { ++ran; });
      });
    }
    for (std::thread& each : submitters) each.join();
  }
  CHECK(ran == 2000);
}

TEST_CASE("an event loop does not wait for a place, it is told that there is none", "[max_pending]") {
  const heddle_test::deadline limit;
  occupied_pool full(1, when_full::block);
  auto waiting = full.pool.submit([] {});
  heddle_test::loop_context loop;
  const heddle::sync::scoped_context installed(loop);
  CHECK_THROWS_AS(full.pool.submit([] {}), executor_full_error);
  CHECK(loop.blocked == 0);
}

TEST_CASE("a call whose pool goes while it is being cancelled gives its place back", "[max_pending][regression]") {
  const heddle_test::deadline limit;
  struct slow_to_go {
    explicit slow_to_go(gate& until) noexcept : goes(&until) {}
    slow_to_go(slow_to_go&& other) noexcept : goes(std::exchange(other.goes, nullptr)) {}
    ~slow_to_go() {
      if (goes != nullptr) goes->pass();
    }
    gate* goes;
  };
  gate busy;
  gate goes;
  std::thread canceller;
  {
    thread_pool_executor pool{{.max_workers = 1, .max_pending = 2}};
    heddle_test::occupy(pool, busy);
    auto queued = pool.submit([](slow_to_go&&) {}, slow_to_go(goes));
    canceller = std::thread([cancelled = std::move(queued)]() mutable { cancelled.cancel(); });
    goes.wait_until_reached();
    busy.open();
  }
  goes.open();
  canceller.join();
}

TEST_CASE("calls that each post the next one to a full pool take no stack without end", "[max_pending][regression]") {
  const heddle_test::deadline limit;
  const when_full then = GENERATE(when_full::block, when_full::caller_runs);
  constexpr int calls = 200'000;
  std::atomic<int> ran{0};
  {
    // No deeper than ThreadSanitizer can follow.
    thread_pool_executor pool{{.max_workers = 1, .stack_size = 512U << 10U, .max_pending = 1, .when_full = then}};
    struct chain {
      static void go_on(thread_pool_executor& pool, std::atomic<int>& ran) {
        if (++ran < calls) pool.post([&] { go_on(pool, ran); });
      }
    };
    gate busy;
    heddle_test::occupy(pool, busy);
    pool.post([&] {
      pool.post([] {});  // fills it
      chain::go_on(pool, ran);
    });
    busy.open();
    CHECK(pool.wait_idle());
  }
  CHECK(ran == calls);
}
