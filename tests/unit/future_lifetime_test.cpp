// SPDX-License-Identifier: MIT
// Futures whose surroundings go away, or fail, at an awkward moment.

#include <heddle/thread_pool_executor.hpp>

#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <stdexcept>
#include <thread>
#include <utility>

#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/gate.hpp>
#include <support/tracked.hpp>

namespace {

using heddle_test::gate;
using namespace std::chrono_literals;

/// A coroutine type of somebody else's: starts at once, and is destroyed by whoever holds it.
struct started_coroutine {
  struct promise_type {
    started_coroutine get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_never initial_suspend() { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
  std::coroutine_handle<promise_type> handle;
};

started_coroutine await(heddle::future<int>& awaited) { co_await awaited; }

struct tracked_error {
  heddle_test::tracked inside;
};

}  // namespace

TEST_CASE("a coroutine that is destroyed while it awaits a future is not resumed", "[future][coroutine][regression]") {
  heddle::promise<int> promise;
  auto future = promise.get_future();
  const started_coroutine first = await(future);
  const started_coroutine second = await(future);
  first.handle.destroy();
  promise.set_value(1);
  REQUIRE(second.handle.done());
  second.handle.destroy();
}

TEST_CASE("a future is not called cancelled before it is done", "[future][cancel][regression]") {
  struct slow_to_destroy {
    slow_to_destroy(std::atomic<bool>& begun, std::atomic<bool>& go_on) : begun_(&begun), go_on_(&go_on) {}
    slow_to_destroy(slow_to_destroy&& other) noexcept
        : begun_(std::exchange(other.begun_, nullptr)), go_on_(other.go_on_) {}
    ~slow_to_destroy() {
      if (begun_ == nullptr) return;
      *begun_ = true;
      while (!*go_on_) std::this_thread::yield();
    }
    void operator()() const {}
    std::atomic<bool>* begun_;
    std::atomic<bool>* go_on_;
  };
  std::atomic<bool> begun{false};
  std::atomic<bool> go_on{false};
  heddle::promise<void> gate;
  heddle::thread_pool_executor pool{{.max_workers = 1}};
  auto blocker = pool.submit([opened = gate.get_future()] { opened.wait(); });
  auto queued = pool.submit(slow_to_destroy(begun, go_on));
  std::thread canceller([&] { queued.cancel(); });
  while (!begun) std::this_thread::yield();
  CHECK_FALSE(queued.done());
  CHECK_FALSE(queued.cancelled());
  CHECK_FALSE(queued.running());
  CHECK(queued.cancel());  // it will be
  go_on = true;
  canceller.join();
  CHECK(queued.cancelled());
  gate.set_value();
}

TEST_CASE("a result whose move throws stays in its future", "[future][regression]") {
  struct throws_once {
    explicit throws_once(int& its_moves) : moves(&its_moves) {}
    throws_once(throws_once&& other) : moves(other.moves) {
      if (++*moves == 1) throw std::runtime_error("not now");
    }
    int* moves;
  };
  int moves = 0;
  heddle::thread_pool_executor pool{{.max_workers = 1}};
  auto result = pool.submit([&] { return throws_once(moves); });
  REQUIRE_THROWS_AS(std::move(result).result(), std::runtime_error);
  REQUIRE(result.valid());
  REQUIRE_NOTHROW(std::move(result).result());
  REQUIRE_FALSE(result.valid());
}

// A worker that awaits what it has submitted leaves it in its queue, where others may come across it at any time.
TEST_CASE("a result ends with its future, also while a queue still holds the call", "[future][regression]") {
  const heddle_test::deadline limit;
  heddle_test::life_counts results;
  const std::size_t workers = GENERATE(1U, 2U);
  CAPTURE(workers);
  gate other_worker;
  heddle::thread_pool_executor pool{{.max_workers = workers}};
  if (workers == 2) heddle_test::occupy(pool, other_worker);  // or it would run the calls
  pool.submit([&] {
        auto first = pool.submit([&] { return heddle_test::tracked(results); });
        auto failed = pool.submit([&]() -> int { throw tracked_error{heddle_test::tracked(results)}; });
        auto last = pool.submit([] { return 1; });
        CHECK_NOTHROW(first.result());
        CHECK_THROWS_AS(failed.result(), tracked_error);
        CHECK(results.alive == 2);
        first = {};
        CHECK(results.alive == 1);
        failed = {};
        CHECK(results.alive == 0);
        CHECK(last.result() == 1);
      })
      .result();
  other_worker.open();
}
