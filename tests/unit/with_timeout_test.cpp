// SPDX-License-Identifier: MIT
// with_timeout(): a call has so much time, and is asked to stop when that is over.

#include <heddle/manual_executor.hpp>
#include <heddle/stop_token.hpp>
#include <heddle/thread_pool_executor.hpp>
#include <heddle/with_timeout.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include <sys/wait.h>
#include <unistd.h>

#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/gate.hpp>
#include <support/ready_future.hpp>
#include <support/scale.hpp>
#include <support/tracked.hpp>

namespace {

using namespace std::chrono_literals;
using heddle::future;
using heddle::promise;
using heddle::shared_future;
using heddle::stop_token;
using heddle::thread_pool_executor;
using heddle::with_timeout;
using heddle_test::gate;
using heddle_test::life_counts;
using heddle_test::ready;
using heddle_test::scaled;
using heddle_test::tracked;

}  // namespace

TEST_CASE("what is done in time passes through a timeout, however it ended", "[with_timeout]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  int object = 0;
  CHECK(with_timeout(pool, pool.submit([] { return 5; }), 1h).result() == 5);
  CHECK(*with_timeout(pool, pool.submit([] { return std::make_unique<int>(6); }), 1h).result() == 6);
  CHECK(&with_timeout(pool, pool.submit([&]() -> int& { return object; }), 1h).result() == &object);
  with_timeout(pool, pool.submit([] {}), 1h).result();
  CHECK_THROWS_WITH(with_timeout(pool, pool.submit([]() -> int { throw std::runtime_error("its own"); }), 1h).result(),
                    "its own");

  const shared_future<std::string> shared = ready(std::string("text")).share();
  CHECK(with_timeout(pool, shared, 1h).result() == "text");
  CHECK(shared.result() == "text");

  heddle::manual_executor by_hand;
  future<void> cancelled = with_timeout(pool, by_hand.submit([] {}), 1h);
  by_hand.shutdown(heddle::pending_jobs::cancel);
  CHECK(cancelled.cancelled());
}

TEST_CASE("what is done already has met any timeout", "[with_timeout]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  for (const auto timeout : {0ms, -1ms, 1ms}) CHECK(with_timeout(pool, ready(5), timeout).result() == 5);
}

TEST_CASE("a timeout cancels a call that has not begun", "[with_timeout]") {
  const heddle_test::deadline limit;
  life_counts counts;
  std::atomic<bool> has_run{false};
  thread_pool_executor pool{{.max_workers = 1}};
  gate busy;
  heddle_test::occupy(pool, busy);
  const auto timeout = GENERATE(-1ms, 0ms, 10ms);
  future<void> late = with_timeout(pool, pool.submit([&, held = tracked(counts)] { has_run = true; }), timeout);
  CHECK_THROWS_AS(late.result(), heddle::task_timeout);
  CHECK(counts.alive == 0);
  busy.open();
  pool.shutdown();
  CHECK_FALSE(has_run);
}

TEST_CASE("a timeout ends the wait for a call that runs, and asks it to stop", "[with_timeout]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  gate begins;
  gate stopping;
  auto runs = pool.submit([&](const stop_token& stop) {
    begins.pass();
    while (!stop.stop_requested()) std::this_thread::yield();
    stopping.pass();
  });
  begins.wait_until_reached();
  begins.open();
  auto late = with_timeout(pool, std::move(runs), 10ms);
  CHECK_THROWS_WITH(late.result(),
                    "timed out: the call was not done within its time limit, so it was cancelled or asked to stop");
  stopping.wait_until_reached();
}

TEST_CASE("a timeout that a call throws is not that of its time limit", "[with_timeout]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  auto failed = with_timeout(pool, pool.submit([] { throw heddle::timeout_error(); }), 1h);
  bool was_its_own = false;
  try {
    failed.result();
  } catch (const heddle::task_timeout&) {
  } catch (const heddle::timeout_error&) {
    was_its_own = true;
  }
  CHECK(was_its_own);
}

TEST_CASE("cancelling what has a timeout cancels the call, and the time", "[with_timeout]") {
  const heddle_test::deadline limit;
  life_counts counts;
  thread_pool_executor pool{{.max_workers = 1}};
  heddle::manual_executor by_hand;
  auto limited = with_timeout(pool, by_hand.submit([held = tracked(counts)] {}), 1h);
  CHECK(limited.cancel());
  CHECK(counts.alive == 0);
  CHECK_FALSE(by_hand.run_one());
  CHECK(pool.shutdown(heddle::pending_jobs::cancel) == 0);
}

TEST_CASE("without its pool a timeout is none, and counts as no call", "[with_timeout]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  promise<int> source;
  auto limited = with_timeout(pool, source.get_future(), 1h);
  CHECK(pool.shutdown(heddle::pending_jobs::cancel) == 0);
  CHECK_FALSE(limited.done());
  source.set_value(5);
  CHECK(limited.result() == 5);
}

TEST_CASE("a timeout that cannot be kept leaves the future alone", "[with_timeout]") {
  thread_pool_executor pool{{.max_workers = 1}};
  CHECK_THROWS_AS(with_timeout(pool, future<int>(), 1s), heddle::invalid_state_error);
  pool.shutdown();
  promise<int> source;
  auto unlimited = source.get_future();
  CHECK_THROWS_AS(with_timeout(pool, std::move(unlimited), 1s), heddle::executor_shutdown_error);
  source.set_value(5);
  CHECK(unlimited.result() == 5);
}

TEST_CASE("the time is kept by the pool whose call asks, else by the default executor", "[with_timeout]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 2}};
  promise<int> inside;
  promise<int> outside;
  auto of_pool = pool.submit([&] { return with_timeout(inside.get_future(), 1h); }).result();
  auto of_default = with_timeout(outside.get_future(), 10ms);
  pool.shutdown();
  CHECK_THROWS_AS(of_default.result(), heddle::task_timeout);
  inside.set_value(5);
  CHECK(of_pool.result() == 5);
}

TEST_CASE("timeouts and calls that end at the same moment: each ends once", "[with_timeout]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 2}};
  std::size_t in_time = 0;
  std::size_t late = 0;
  for (std::size_t i = 0; i < scaled(2000); ++i) {
    auto limited = with_timeout(pool, pool.submit([] {
      std::this_thread::sleep_for(50us);
      return 1;
    }),
                                100us);
    try {
      in_time += static_cast<std::size_t>(limited.result());
    } catch (const heddle::task_timeout&) {
      ++late;
    }
  }
  CHECK(in_time + late == scaled(2000));
}

TEST_CASE("callbacks of what timed out may limit further calls, and end the pool's timers", "[with_timeout]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  promise<int> never;
  promise<int> neither;
  std::promise<void> told;
  future<int> second;
  auto first = with_timeout(pool, never.get_future(), 1ms);
  first.add_done_callback([&](const future<int>&) {
    second = with_timeout(pool, neither.get_future(), 1ms);
    second.add_done_callback([&](const future<int>&) {
      pool.shutdown(heddle::pending_jobs::finish, heddle::join_workers::no);
      told.set_value();
    });
  });
  told.get_future().wait();
  CHECK(second.done());
}

TEST_CASE("time limits hold while a pool ends, by a shutdown or with its scope", "[with_timeout][shutdown]") {
  const heddle_test::deadline limit;
  const bool shuts_down = GENERATE(false, true);
  CAPTURE(shuts_down);
  future<void> late;
  {
    thread_pool_executor pool{{.max_workers = 1}};
    late = with_timeout(pool, pool.submit([](const stop_token& stop) {
      while (!stop.stop_requested()) std::this_thread::yield();
    }),
                        20ms);
    if (shuts_down) pool.shutdown();
  }
  CHECK_THROWS_AS(late.result(), heddle::task_timeout);
}

TEST_CASE("what a time limit calls may use the pool while that ends", "[with_timeout][shutdown][regression]") {
  const heddle_test::deadline limit;
  std::latch calls(1);
  std::atomic<int> refusals{0};
  future<int> late;
  const auto here = std::this_thread::get_id();
  std::chrono::milliseconds length = 1ms;
  for (bool is_too_late = true; is_too_late; length *= 4) {  // the call of the callback is to be the timers'
    is_too_late = false;
    promise<int> never;
    thread_pool_executor pool{{.max_workers = 1}};
    late = with_timeout(pool, never.get_future(), length);
    late.add_done_callback([&](const future<int>&) {
      if (std::this_thread::get_id() == here) {
        is_too_late = true;
        return;
      }
      calls.count_down();
      while (refusals < 2000) {  // the pool would be gone long before, if it did not wait for this
        try {
          pool.submit([] {}).wait();
        } catch (const heddle::executor_shutdown_error&) {
          ++refusals;
        }
      }
    });
    if (!is_too_late) calls.wait();
  }
  CHECK(late.done());
  CHECK(refusals == 2000);
}

TEST_CASE("in a forked child what has a time limit may still end", "[with_timeout][fork][regression]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  std::atomic<bool> ends{false};
  std::thread uses_timers([&] {
    while (!ends) {
      auto delayed = pool.submit_after(1h, [] {});
      auto limited = with_timeout(pool, std::move(delayed), 1h);
      limited.cancel();
    }
  });
  bool all_ended = true;
  for (std::size_t i = 0; i < scaled(300); ++i) {
    promise<int> source;
    auto limited = with_timeout(pool, source.get_future(), 1h);
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(10);
      source.set_value(1);
      ::_exit(limited.result() == 1 ? 0 : 1);
    }
    int status = 0;
    all_ended &= ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    source.set_value(2);
  }
  ends = true;
  uses_timers.join();
  CHECK(all_ended);
}
