// SPDX-License-Identifier: MIT
// submit_after(futures..., f): calls that run when others are done.

#include <heddle/inline_executor.hpp>
#include <heddle/stop_token.hpp>
#include <heddle/submit_after.hpp>
#include <heddle/thread_pool_executor.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <support/allocation_count.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/gate.hpp>
#include <support/own_executor.hpp>
#include <support/ready_future.hpp>
#include <support/scale.hpp>
#include <support/tracked.hpp>

namespace {

using namespace std::chrono_literals;
using heddle::future;
using heddle::inline_executor;
using heddle::promise;
using heddle::shared_future;
using heddle::stop_token;
using heddle::submit_after;
using heddle::thread_pool_executor;
using heddle_test::gate;
using heddle_test::life_counts;
using heddle_test::queueing_executor;
using heddle_test::ready;
using heddle_test::scaled;
using heddle_test::tracked;

}  // namespace

TEST_CASE("a lent future only has to be done, and several calls may wait for it", "[submit_after]") {
  inline_executor here;
  promise<int> source;
  future<int> lent = source.get_future();
  int calls = 0;
  auto first = here.submit_after(lent, [&] { return ++calls; });
  auto second = here.submit_after(lent, [&] { return ++calls; });
  CHECK_FALSE(first.done());
  CHECK_FALSE(first.running());
  source.set_value(7);
  CHECK(first.result() == 1);
  CHECK(second.result() == 2);
  CHECK(lent.result() == 7);
}

TEST_CASE("moved and shared futures give their values in order, those of void none", "[submit_after]") {
  inline_executor here;
  promise<std::unique_ptr<int>> moved;
  auto shared = ready(std::string("shared")).share();
  future<void> nothing = ready(1).then([](int) {});
  future<double> lent = ready(2.5);
  int object = 0;
  promise<int&> reference;
  reference.set_value(object);
  future<std::string> all = here.submit_after(
      moved.get_future(), lent, std::move(nothing), shared, reference.get_future(), std::as_const(shared),
      [&](std::unique_ptr<int> pointer, const std::string& text, int& refers, const std::string& again) {
        return std::to_string(*pointer) + text + (&refers == &object ? "!" : "?") + again;
      });
  moved.set_value(std::make_unique<int>(1));
  CHECK(all.result() == "1shared!shared");
  CHECK(shared.result() == "shared");
}

TEST_CASE("submit_after moves values and callables, and copies none", "[submit_after]") {
  life_counts values;
  life_counts callables;
  {
    inline_executor here;
    std::optional<promise<tracked>> source(std::in_place);
    auto shared = ready(1).then([&](int) { return tracked(values); }).share();
    auto after = here.submit_after(source->get_future(), shared, [t = tracked(callables)](tracked&& v, const tracked&) {
      return tracked(std::move(v));
    });
    source->set_value(values);
    source.reset();
    CHECK(after.done());
    CHECK(callables.alive == 0);
    CHECK(values.copies == 0);
    CHECK(callables.copies == 0);
    CHECK(values.alive == 2);
  }
  CHECK(values.alive == 0);
}

TEST_CASE("what moving a value into a call after it throws is in the future of that call", "[submit_after]") {
  life_counts values;
  inline_executor here;
  const auto after_value = [&](int moves) {
    promise<heddle_test::moved_at_most> source;
    auto after = here.submit_after(source.get_future(), [](heddle_test::moved_at_most) { return 1; });
    source.set_value(moves, values);
    return after;
  };
  CHECK_THROWS_AS(after_value(0).result(), heddle_test::move_refused);
  CHECK(after_value(1).result() == 1);
  CHECK(values.alive == 0);
}

TEST_CASE("submit_after takes ranges of futures, and of what refers to some", "[submit_after]") {
  inline_executor here;
  std::vector<promise<int>> promises(3);
  std::list<future<int>> list;
  for (auto& each : promises) list.push_back(each.get_future());
  std::vector<future<int>*> pointers{&list.front(), &list.back()};
  auto after = here.submit_after(list, pointers, ready(4), [](int v) { return v; });
  auto second = here.submit_after(std::as_const(list), [] { return 2; });
  for (auto& each : promises) {
    CHECK_FALSE(after.done());
    each.set_value(1);
  }
  CHECK(after.result() == 4);
  CHECK(second.result() == 2);
  CHECK(list.front().valid());
  CHECK(here.submit_after(std::vector<future<int>>(), [] { return 3; }).result() == 3);
}

TEST_CASE("a call after a failure ends at once as that one did, also while others are pending", "[submit_after]") {
  inline_executor here;
  const std::exception_ptr error = std::make_exception_ptr(std::range_error("no"));
  for (const bool moves : {false, true}) {
    promise<int> fails;
    promise<int> pending;
    life_counts counts;
    bool called = false;
    future<int> failing = fails.get_future();
    future<int> other = pending.get_future();
    future<void> after;
    if (moves) {
      after = here.submit_after(std::move(other), std::move(failing),
                                [&, t = tracked(counts)](int, int) { called = true; });
    } else {
      after = here.submit_after(other, failing, [&, t = tracked(counts)] { called = true; });
    }
    auto next = here.submit_after(after, [&] { called = true; });
    fails.set_exception(error);
    REQUIRE(after.done());
    CHECK(after.exception() == error);
    CHECK(next.exception() == error);
    CHECK(counts.alive == 0);
    pending.set_value(1);
    CHECK_FALSE(called);
  }
}

TEST_CASE("a call after a cancelled one is cancelled, also while others are pending", "[submit_after]") {
  inline_executor here;
  promise<int> pending;
  promise<int> source;
  future<int> lent = source.get_future();
  future<int> other = pending.get_future();
  bool called = false;
  auto after = here.submit_after(other, lent, [&] { called = true; });
  CHECK(lent.cancel());
  CHECK(after.cancelled());
  after = {};
  pending.set_value(1);
  CHECK_FALSE(called);
}

TEST_CASE("of inputs that have failed already, the first in the order given counts", "[submit_after]") {
  inline_executor here;
  promise<int> pending;
  future<int> first = pending.get_future();
  const std::exception_ptr error = std::make_exception_ptr(1);
  promise<int> a;
  a.set_exception(error);
  promise<int> b;
  b.set_exception(std::make_exception_ptr(2));
  auto after = here.submit_after(first, a.get_future(), b.get_future(), [](int, int) {});
  CHECK(after.exception() == error);
}

TEST_CASE("inputs that were lent may be dropped before they are done", "[submit_after]") {
  inline_executor here;
  promise<int> source;
  promise<int> other;
  future<int> after;
  {
    std::vector<future<int>> lent;
    lent.push_back(source.get_future());
    lent.push_back(other.get_future());
    after = here.submit_after(lent, [] { return 5; });
  }
  source.set_value(1);
  CHECK_FALSE(after.done());
  other.set_value(1);
  CHECK(after.result() == 5);
}

TEST_CASE("the same future may be given several times", "[submit_after]") {
  inline_executor here;
  promise<int> source;
  future<int> lent = source.get_future();
  auto shared = ready(2).share();
  auto after =
      here.submit_after(lent, lent, shared, shared, std::vector{&lent, &lent}, [](int a, int b) { return a + b; });
  auto lent_and_moved = here.submit_after(lent, std::move(lent), [](int v) { return v; });
  CHECK_FALSE(lent.valid());
  CHECK_FALSE(after.done());
  source.set_value(3);
  CHECK(after.result() == 4);
  CHECK(lent_and_moved.result() == 3);
}

TEST_CASE("a future without state throws, and nothing is taken or submitted", "[submit_after]") {
  inline_executor here;
  future<int> none;
  future<int> some = ready(1);
  bool called = false;
  const auto call = [&](auto&&...) { called = true; };
  CHECK_THROWS_AS(here.submit_after(none, call), heddle::invalid_state_error);
  CHECK_THROWS_AS(here.submit_after(std::move(some), none, call), heddle::invalid_state_error);
  CHECK_THROWS_AS(here.submit_after(std::move(some), shared_future<int>(), call), heddle::invalid_state_error);
  CHECK_THROWS_AS(here.submit_after(std::move(some), std::vector{&some, &none}, call), heddle::invalid_state_error);
  CHECK(some.valid());
  CHECK_FALSE(called);
}

TEST_CASE("what the call throws is in its future", "[submit_after]") {
  inline_executor here;
  auto thrown = here.submit_after(ready(1), [](int) -> int { throw std::range_error("no"); });
  CHECK_THROWS_AS(thrown.result(), std::range_error);
}

TEST_CASE("a call after others may take a stop_token first", "[submit_after][stop]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  gate begun;
  promise<int> source;
  auto after = pool.submit_after(source.get_future(), [&](stop_token stop, int v) {
    begun.pass();
    return stop.stop_requested() ? v : -1;
  });
  source.set_value(6);
  begun.wait_until_reached();
  CHECK_FALSE(after.cancel());
  CHECK(after.request_stop());
  begun.open();
  CHECK(after.result() == 6);

  promise<int> never;
  auto waits = pool.submit_after(never.get_future(), [](stop_token, int) {});
  CHECK(waits.request_stop());
  CHECK(waits.cancelled());
}

TEST_CASE("a call that waits can be cancelled, which leaves what it waits for alone", "[submit_after]") {
  inline_executor here;
  life_counts counts;
  promise<int> source;
  future<int> lent = source.get_future();
  promise<int> moved;
  bool called = false;
  auto after = here.submit_after(lent, moved.get_future(), [&, t = tracked(counts)](int) { called = true; });
  CHECK(after.cancel());
  CHECK(after.cancelled());
  CHECK(counts.alive == 0);
  CHECK(source.set_running_or_notify_cancel());
  CHECK(moved.set_running_or_notify_cancel());
  source.set_value(1);
  moved.set_value(1);
  CHECK_FALSE(called);
}

TEST_CASE("a call whose time has come can be cancelled while it is queued", "[submit_after]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  gate busy;
  heddle_test::occupy(pool, busy);
  std::atomic<bool> called{false};
  auto after = pool.submit_after(ready(1), [&](int) { called = true; });
  CHECK_FALSE(after.done());
  CHECK(after.cancel());
  busy.open();
  pool.shutdown();
  CHECK_FALSE(called);
}

TEST_CASE("a worker that waits for a call which is due runs it itself", "[submit_after]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  auto outer = pool.submit([&] {
    auto inner = pool.submit([] { return 1; });
    inner.wait();
    return pool.submit_after(std::move(inner), [](int v) { return v + 1; }).result();
  });
  CHECK(outer.result() == 2);
}

TEST_CASE("calls after others run on their executor, with its priority", "[submit_after]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  gate busy;
  heddle_test::occupy(pool, busy);
  std::string order;
  promise<void> source;
  future<void> start = source.get_future();
  auto low = pool.with(heddle::priority::background).submit_after(start, [&] { order += 'b'; });
  auto mid = pool.submit_after(start, [&] { order += 'n'; });
  auto top = submit_after(pool.with(heddle::priority::high), start, [&] { order += 'h'; });
  auto where = pool.submit_after(low, [] { return std::this_thread::get_id(); });
  source.set_value();
  busy.open();
  CHECK(where.result() != std::this_thread::get_id());
  CHECK(order == "hnb");
}

TEST_CASE("submit_after on an executor of one's own", "[submit_after]") {
  queueing_executor own;
  life_counts counts;
  promise<int> source;
  auto after = submit_after(own, source.get_future(), [t = tracked(counts)](int v) { return v; });
  CHECK(own.calls.empty());
  source.set_value(1);
  CHECK_FALSE(after.done());
  own.run();
  CHECK(after.result() == 1);
  CHECK(counts.copies == 0);
  auto dropped = submit_after(own, ready(1), [](int v) { return v; });
  own.calls.clear();
  CHECK(dropped.cancelled());
}

TEST_CASE("a call that is due when its pool is shut down or gone has executor_shutdown_error", "[submit_after]") {
  const heddle_test::deadline limit;
  promise<int> source;
  future<int> lent = source.get_future();
  std::optional<thread_pool_executor> pool(std::in_place, heddle::thread_pool_options{.max_workers = 1});
  life_counts counts;
  auto gone = pool->submit_after(lent, [t = tracked(counts)] {});
  auto cancelled = pool->submit_after(lent, [] {});
  pool->shutdown();
  auto closed = pool->submit_after(ready(1), [](int) {});
  CHECK_THROWS_AS(closed.result(), heddle::executor_shutdown_error);
  pool.reset();
  CHECK(cancelled.cancel());
  source.set_value(1);
  CHECK_THROWS_AS(gone.result(), heddle::executor_shutdown_error);
  CHECK(counts.alive == 0);
}

TEST_CASE("calls in diamonds begin when both sides are done", "[submit_after]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 2}};
  for (std::size_t round = 0; round < scaled(2000); ++round) {
    auto top = pool.submit([] { return 1; }).share();
    auto left = pool.submit_after(top, [](int v) { return v + 1; });
    auto right = pool.submit_after(top, [](int v) { return v + 2; });
    auto bottom = pool.submit_after(std::move(left), std::move(right), [](int a, int b) { return a * b; });
    if (bottom.result() != 6) FAIL("a diamond gave " << bottom.result());
  }
}

TEST_CASE("a random graph gives what a sequential evaluation gives", "[submit_after]") {
  const heddle_test::deadline limit;
  const std::size_t count = scaled(100'000);
  std::mt19937 random(Catch::getSeed());
  std::vector<std::vector<std::size_t>> inputs(count);
  std::vector<std::uint64_t> expected(count);
  std::vector<std::uint64_t> found(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t degree = i == 0 ? 0 : random() % 5;
    for (std::size_t k = 0; k < degree; ++k) inputs[i].push_back(random() % i);
  }
  const auto value = [&](std::size_t i, const std::vector<std::uint64_t>& of) {
    std::uint64_t sum = i + 1;
    for (const std::size_t each : inputs[i]) sum = sum * 31 + of[each];
    return sum;
  };
  for (std::size_t i = 0; i < count; ++i) expected[i] = value(i, expected);
  const auto evaluate = [&](auto& executor) {
    std::vector<future<void>> calls(count);
    for (std::size_t i = 0; i < count; ++i) {
      std::vector<future<void>*> awaited;
      for (const std::size_t each : inputs[i]) awaited.push_back(&calls[each]);
      calls[i] = submit_after(executor, awaited, [&, i] { found[i] = value(i, found); });
    }
    for (auto& each : calls) each.result();
    CHECK(found == expected);
    found.assign(count, 0);
  };
  thread_pool_executor pool{{.max_workers = 3}};
  evaluate(pool);
  inline_executor here;
  evaluate(here);
}

TEST_CASE("a long chain of calls after others takes no stack, however it ends", "[submit_after]") {
  const int length = static_cast<int>(scaled(1'000'000));
  inline_executor here;
  promise<int> source;
  auto last = source.get_future();
  for (int i = 0; i < length; ++i) last = here.submit_after(std::move(last), [](int v) { return v + 1; });
  source.set_value(0);
  CHECK(last.result() == length);

  promise<int> fails;
  last = fails.get_future();
  for (int i = 0; i < length; ++i) last = here.submit_after(std::move(last), [](int v) { return v + 1; });
  fails.set_exception(std::make_exception_ptr(1));
  CHECK_THROWS_AS(last.result(), int);

  promise<int> source_of_cancelled;
  auto shared = source_of_cancelled.get_future().share();
  last = here.submit_after(shared, [](int v) { return v; });
  for (int i = 0; i < length; ++i) last = here.submit_after(std::move(last), [](int v) { return v + 1; });
  shared.cancel();
  CHECK(last.cancelled());

  thread_pool_executor pool{{.max_workers = 1}};
  promise<int> refused;
  last = refused.get_future();
  for (int i = 0; i < length; ++i) last = pool.submit_after(std::move(last), [](int v) { return v + 1; });
  pool.shutdown();
  refused.set_value(1);
  CHECK_THROWS_AS(last.result(), heddle::executor_shutdown_error);
}
