// SPDX-License-Identifier: MIT
// Calls that take a stop_token first, and request_stop(): over thread pools, priorities and inline.

#include <heddle/inline_executor.hpp>
#include <heddle/manual_executor.hpp>
#include <heddle/stop_token.hpp>
#include <heddle/thread_pool_executor.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/gate.hpp>
#include <support/tracked.hpp>

namespace {

using namespace std::chrono_literals;
using heddle::future;
using heddle::stop_token;
using heddle::thread_pool_executor;
using heddle_test::gate;
using heddle_test::life_counts;
using heddle_test::tracked;

/// `check(executor)` for an inline executor, for pools, and for each priority on one.
template <class Check>
void on_executors(Check check) {
  heddle::inline_executor here;
  check(here);
  for (const std::size_t workers : {1U, 2U}) {
    thread_pool_executor pool{{.max_workers = workers}};
    check(pool);
    for (const auto level : {heddle::priority::high, heddle::priority::background}) {
      auto view = pool.with(level);
      check(view);
    }
  }
}

/// The same where calls run beside the test.
template <class Check>
void on_pools(Check check) {
  thread_pool_executor pool{{.max_workers = 1}};
  check(pool, pool);
  auto view = pool.with(heddle::priority::high);
  check(view, pool);
}

}  // namespace

TEST_CASE("a callable may take a stop_token before its arguments", "[stop]") {
  const heddle_test::deadline limit;
  on_executors([](auto& executor) {
    CHECK(executor.submit([](stop_token stop) { return stop.stop_possible(); }).result());
    auto text = executor.submit(
        [](const stop_token& stop, std::string part, std::unique_ptr<int> number) {
          return (stop.stop_requested() ? "stopped" : part) + std::to_string(*number);
        },
        "text", std::make_unique<int>(5));
    CHECK(text.result() == "text5");
  });
}

TEST_CASE("a callable that can be called without a stop_token gets none", "[stop]") {
  const heddle_test::deadline limit;
  on_executors([](auto& executor) {
    CHECK(executor.submit([](auto... args) { return sizeof...(args); }).result() == 0);
    CHECK(executor.submit([](auto... args) { return sizeof...(args); }, 1, 2).result() == 2);
    struct both {
      int operator()(stop_token, int) const { return 2; }
      int operator()(int) const { return 1; }
    };
    CHECK(executor.submit(both(), 7).result() == 1);
    CHECK_FALSE(executor.submit([](stop_token own) { return own.stop_possible(); }, stop_token()).result());
  });
}

TEST_CASE("callables with a stop_token are moved, not copied, and gone when they have run", "[stop]") {
  const heddle_test::deadline limit;
  on_executors([](auto& executor) {
    life_counts counts;
    auto done = executor.submit([t = tracked(counts)](stop_token, tracked) {}, tracked(counts));
    done.wait();
    CHECK(counts.copies == 0);
    CHECK(counts.alive == 0);
  });
}

TEST_CASE("request_stop before a call has begun cancels it", "[stop]") {
  const heddle_test::deadline limit;
  on_pools([](auto& executor, auto& pool) {
    gate busy;
    heddle_test::occupy(pool, busy);
    std::atomic<bool> ran{false};
    future<void> with_token = executor.submit([&](stop_token) { ran = true; });
    future<void> without = executor.submit([&] { ran = true; });
    CHECK(with_token.request_stop());
    CHECK(without.request_stop());
    CHECK(with_token.cancelled());
    CHECK(without.cancelled());
    CHECK(with_token.request_stop());
    busy.open();
    pool.submit([] {}).wait();
    CHECK_FALSE(ran);
  });
}

TEST_CASE("request_stop while a call runs is seen in its token, and the call decides itself", "[stop]") {
  const heddle_test::deadline limit;
  on_pools([](auto& executor, auto&) {
    gate begun;
    future<int> stopped = executor.submit([&](stop_token stop) {
      begun.pass();
      while (!stop.stop_requested()) std::this_thread::yield();
      return 7;
    });
    begun.wait_until_reached();
    begun.open();
    CHECK_FALSE(stopped.cancel());
    CHECK(stopped.request_stop());
    CHECK(stopped.result() == 7);
    CHECK_FALSE(stopped.cancelled());
    CHECK_FALSE(stopped.request_stop());
  });
}

TEST_CASE("a call that takes no token cannot be asked while it runs", "[stop]") {
  const heddle_test::deadline limit;
  on_pools([](auto& executor, auto&) {
    gate begun;
    future<void> deaf = executor.submit([&] { begun.pass(); });
    begun.wait_until_reached();
    CHECK_FALSE(deaf.request_stop());
    begun.open();
    deaf.wait();
  });
}

TEST_CASE("request_stop after the end is too late", "[stop]") {
  const heddle_test::deadline limit;
  on_executors([](auto& executor) {
    future<int> done = executor.submit([](stop_token) { return 1; });
    future<void> failed = executor.submit([](stop_token) { throw 1; });
    done.wait();
    failed.wait();
    CHECK_FALSE(done.request_stop());
    CHECK_FALSE(failed.request_stop());
    CHECK(done.result() == 1);
  });
}

TEST_CASE("a stop callback runs where the stop is requested, and a token may outlive its call", "[stop]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  gate begun;
  std::thread::id where;
  future<stop_token> call = pool.submit([&](stop_token stop) {
    const auto note = [&] { where = std::this_thread::get_id(); };
    const heddle::stop_callback<decltype(note)> noted(stop, note);
    begun.pass();
    return stop;
  });
  begun.wait_until_reached();
  CHECK(call.request_stop());
  CHECK(where == std::this_thread::get_id());
  begun.open();
  const stop_token kept = std::move(call).result();
  CHECK(kept.stop_requested());
}

TEST_CASE("all copies of a shared future ask the same call to stop", "[stop]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  gate begun;
  auto shared = pool.submit([&](stop_token stop) {
                      begun.pass();
                      return stop.stop_requested();
                    })
                    .share();
  begun.wait_until_reached();
  auto copy = shared;
  CHECK(copy.request_stop());
  CHECK(shared.request_stop());
  begun.open();
  CHECK(shared.result());
}

TEST_CASE("a future without state cannot be asked to stop", "[stop]") {
  CHECK_THROWS_AS(future<int>().request_stop(), heddle::invalid_state_error);
}

TEST_CASE("a shutdown that cancels says how many calls it has cancelled, and the next one none", "[stop][shutdown]") {
  const heddle_test::deadline limit;
  const std::size_t workers = GENERATE(1U, 2U);
  CAPTURE(workers);
  thread_pool_executor pool{{.max_workers = workers}};
  std::vector<std::unique_ptr<gate>> busy;
  for (std::size_t i = 0; i < workers; ++i) {
    busy.push_back(std::make_unique<gate>());
    heddle_test::occupy(pool, *busy.back());
  }
  std::vector<future<void>> queued;
  for (int i = 0; i < 100; ++i) queued.push_back(pool.submit([] {}));
  for (int i = 0; i < 10; ++i) pool.post([] {});
  CHECK(queued[3].cancel());
  auto later = pool.submit_after(1h, [] {});
  auto again = pool.every(1h, [] {});
  std::size_t cancelled = 0;
  std::thread ends([&] { cancelled = pool.shutdown(heddle::pending_jobs::cancel); });
  while (!queued.back().done()) std::this_thread::yield();
  for (auto& each : busy) each->open();
  ends.join();
  CHECK(cancelled == 99 + 10 + 2);
  CHECK(later.cancelled());
  CHECK(again.cancelled());
  CHECK(pool.shutdown(heddle::pending_jobs::cancel) == 0);
}

TEST_CASE("a shutdown counts what a worker has in its own queue", "[stop][shutdown]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 2}};
  gate other;
  gate busy;
  heddle_test::occupy(pool, other);
  std::vector<future<void>> queued;
  pool.post([&] {
    for (int i = 0; i < 20; ++i) queued.push_back(pool.submit([] {}));
    busy.pass();
  });
  busy.wait_until_reached();
  CHECK(pool.shutdown(heddle::pending_jobs::cancel, heddle::join_workers::no) == 20);
  for (const auto& each : queued) CHECK(each.cancelled());
}

TEST_CASE("a shutdown that finishes has cancelled nothing but what was not due", "[stop][shutdown]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  for (int i = 0; i < 10; ++i) pool.post([] {});
  auto later = pool.submit_after(1h, [] {});
  CHECK(pool.shutdown() == 1);
  heddle::inline_executor here;
  CHECK(here.shutdown(heddle::pending_jobs::cancel) == 0);
  heddle::manual_executor by_hand;
  auto first = by_hand.submit([] {});
  auto second = by_hand.submit([] {});
  CHECK(first.cancel());
  CHECK(by_hand.shutdown(heddle::pending_jobs::cancel) == 1);
}

TEST_CASE("a shutdown counts calls that come again and again, wherever they are", "[stop][shutdown]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  gate runs;
  auto waits = pool.every(1h, [] {});
  auto again = pool.every(1ms, [&] { runs.pass(); });
  runs.wait_until_reached();
  std::thread opens([&] {
    while (!waits.cancelled()) std::this_thread::yield();
    runs.open();
  });
  CHECK(pool.shutdown() == 2);
  opens.join();
  CHECK(again.cancelled());
}

TEST_CASE("a shutdown does not count what was cancelled before, in whatever it waits", "[stop][shutdown]") {
  heddle::manual_executor by_hand;
  heddle::promise<int> source;
  auto gone = source.get_future().then(by_hand, [](int) {});
  auto left = by_hand.submit([] {}).then(by_hand, [] {});
  source.set_value(1);
  CHECK(by_hand.run_one());
  CHECK(by_hand.pending() == 2);
  CHECK(gone.cancel());
  CHECK(by_hand.shutdown(heddle::pending_jobs::cancel) == 1);
  CHECK(left.cancelled());
}
