// SPDX-License-Identifier: MIT
#include <array>
#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <heddle/base/block_cache.hpp>
#include <heddle/errors.hpp>
#include <heddle/future.hpp>
#include <heddle/sync/this_thread.hpp>
#include <latch>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <support/allocation_count.hpp>
#include <support/captured_stderr.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/fire_and_forget.hpp>
#include <support/ready_future.hpp>
#include <support/tracked.hpp>
#include <support/waiting_threads.hpp>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::Equals;
using heddle::future;
using heddle::promise;
using heddle_test::blocked_in;
using heddle_test::fire_and_forget;
using heddle_test::loop_context;
using heddle_test::ready;
using heddle_test::sleep_signal;

namespace {

template <class T>
fire_and_forget await_twice(future<T>& awaited, int& resumed) {
  co_await awaited;
  ++resumed;
  co_await awaited;
  ++resumed;
}

fire_and_forget await_value(future<int> awaited, std::optional<int>& got) { got = co_await std::move(awaited); }

fire_and_forget await_failure(future<int> awaited, std::string& what) {
  try {
    co_await awaited;
  } catch (const std::exception& error) {
    what = error.what();
  }
}

}  // namespace

TEST_CASE("a future without state is invalid and says what to do", "[future]") {
  future<int> f;
  CHECK_FALSE(f.valid());
  CHECK_THROWS_AS(f.done(), heddle::invalid_state_error);
  CHECK_THROWS_AS(f.running(), heddle::invalid_state_error);
  CHECK_THROWS_AS(f.cancelled(), heddle::invalid_state_error);
  CHECK_THROWS_AS(f.cancel(), heddle::invalid_state_error);
  CHECK_THROWS_AS(f.result(), heddle::invalid_state_error);
  CHECK_THROWS_AS(f.result(0s), heddle::invalid_state_error);
  CHECK_THROWS_AS(std::move(f).result(), heddle::invalid_state_error);
  CHECK_THROWS_AS(f.exception(), heddle::invalid_state_error);
  CHECK_THROWS_AS(f.wait(), heddle::invalid_state_error);
  CHECK_THROWS_AS(f.wait(0s), heddle::invalid_state_error);
  CHECK_THROWS_AS(f.add_done_callback([] {}), heddle::invalid_state_error);
  CHECK_THROWS_WITH(f.result(), ContainsSubstring("check valid()"));
}

TEST_CASE("a moved future leaves none behind and assignment drops the old one", "[future]") {
  heddle_test::life_counts counts;
  promise<heddle_test::tracked> p;
  future<heddle_test::tracked> first = p.get_future();
  p.set_value(counts);
  p = {};
  future<heddle_test::tracked> second(std::move(first));
  CHECK_FALSE(first.valid());
  CHECK(second.valid());
  auto& other_name = second;
  second = std::move(other_name);
  CHECK(second.valid());
  CHECK(counts.alive == 1);
  second = future<heddle_test::tracked>();
  CHECK(counts.alive == 0);
}

TEST_CASE("a result may be read any number of times and changed in place", "[future]") {
  future<int> f = ready(1);
  CHECK(f.result() == 1);
  f.result() = 2;
  const future<int>& read_only = f;
  CHECK(read_only.result() == 2);
  CHECK(read_only.result(0s) == 2);
  const int copy = f.result();
  CHECK(copy == 2);
}

TEST_CASE("moving the result out leaves the future without state", "[future]") {
  future<int> f = ready(1);
  CHECK(std::move(f).result() == 1);
  CHECK_FALSE(f.valid());
  future<int> timed = ready(2);
  CHECK(std::move(timed).result(0s) == 2);
  CHECK_FALSE(timed.valid());
}

TEST_CASE("many threads may read one result", "[future]") {
  const heddle_test::deadline limit;
  promise<std::string> p;
  const future<std::string> f = p.get_future();
  std::atomic<int> right{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      if (f.result() == "shared" && f.exception() == nullptr) ++right;
    });
  }
  p.set_value("shared");
  for (std::thread& reader : readers) reader.join();
  CHECK(right == 4);
}

TEST_CASE("a blocked result wakes with the value", "[future]") {
  const heddle_test::deadline limit;
  promise<int> p;
  future<int> f = p.get_future();
  int got = 0;
  std::thread sleeper = blocked_in([&] { got = f.result(); });
  p.set_value(9);
  sleeper.join();
  CHECK(got == 9);
}

TEST_CASE("a blocked result wakes with cancelled_error", "[future][cancel]") {
  const heddle_test::deadline limit;
  promise<int> p;
  future<int> f = p.get_future();
  bool woken = false;
  std::thread sleeper = blocked_in([&] {
    try {
      static_cast<void>(f.result());
    } catch (const heddle::cancelled_error&) {
      woken = true;
    }
  });
  CHECK(f.cancel());
  sleeper.join();
  CHECK(woken);
}

TEST_CASE("a wait that times out leaves nothing in the list of waiters", "[future][timeout]") {
  const heddle_test::deadline limit;
  promise<int> p;
  future<int> f = p.get_future();
  int called = 0;
  CHECK_FALSE(f.wait(1ms));
  f.add_done_callback([&] { ++called; });
  CHECK_FALSE(f.wait(1ms));
  f.add_done_callback([&] { ++called; });
  CHECK_THROWS_AS(f.result(1ms), heddle::timeout_error);
  p.set_value(1);
  CHECK(called == 2);
  CHECK(f.result() == 1);
}

TEST_CASE("a timed wait is not over early", "[future][timeout]") {
  promise<int> p;
  const future<int> f = p.get_future();
  const auto before = std::chrono::steady_clock::now();
  CHECK_FALSE(f.wait(20ms));
  CHECK(std::chrono::steady_clock::now() - before >= 20ms);
}

TEST_CASE("a task that throws timeout_error is told from a wait that timed out", "[future][timeout]") {
  promise<int> p;
  future<int> f = p.get_future();
  p.set_exception(std::make_exception_ptr(heddle::timeout_error("mine")));
  CHECK_THROWS_WITH(f.result(1h), "mine");
  CHECK(f.done());
}

TEST_CASE("an event loop may look at a future but not block in it", "[future][regression]") {
  const heddle_test::deadline limit;
  loop_context loop;
  promise<int> p;
  future<int> f = p.get_future();
  {
    const heddle::sync::scoped_context installed(loop);
    CHECK_THROWS_AS(f.result(), heddle::invalid_state_error);
    CHECK_THROWS_AS(f.result(1h), heddle::invalid_state_error);
    CHECK_THROWS_AS(f.exception(), heddle::invalid_state_error);
    CHECK_THROWS_WITH(f.result(), ContainsSubstring("co_await"));
    CHECK_THROWS_AS(f.result(0s), heddle::timeout_error);
    CHECK_THROWS_AS(f.exception(-1s), heddle::timeout_error);
    p.set_value(1);
    CHECK(f.result() == 1);
  }
  CHECK(loop.blocked == 0);
}

TEST_CASE("looking at a future without waiting is not announced as blocking", "[future][regression]") {
  const heddle_test::deadline limit;
  promise<int> p;
  const future<int> f = p.get_future();
  sleep_signal here;
  const heddle::sync::scoped_context installed(here);
  CHECK_FALSE(f.wait(0s));
  CHECK_FALSE(here.asleep.try_wait());
  while (!here.asleep.try_wait()) CHECK_FALSE(f.wait(1ms));
}

TEST_CASE("callbacks run once, in the order of addition, with the future", "[future][callback]") {
  promise<int> p;
  future<int> f = p.get_future();
  std::vector<int> order;
  int seen = 0;
  f.add_done_callback([&](const future<int>& done) {
    order.push_back(1);
    seen = done.result();
  });
  f.add_done_callback([&] { order.push_back(2); });
  f.add_done_callback([&](const future<int>& done) { order.push_back(done.valid() && done.done() ? 3 : 0); });
  CHECK(order.empty());
  p.set_value(7);
  CHECK_THAT(order, Equals(std::vector<int>{1, 2, 3}));
  CHECK(seen == 7);
  CHECK(f.result() == 7);
}

TEST_CASE("a callback that comes late runs at once in the thread that adds it", "[future][callback]") {
  promise<int> with_value, with_error, unset;
  future<int> value = with_value.get_future();
  future<int> error = with_error.get_future();
  future<int> cancelled = unset.get_future();
  with_value.set_value(1);
  with_error.set_exception(std::make_exception_ptr(1));
  cancelled.cancel();
  for (future<int>* f : {&value, &error, &cancelled}) {
    std::thread::id called_in;
    f->add_done_callback([&](const future<int>& done) {
      if (done.done()) called_in = std::this_thread::get_id();
    });
    CHECK(called_in == std::this_thread::get_id());
  }
}

TEST_CASE("callbacks run when the future is cancelled, once, in the cancelling thread", "[future][callback][cancel]") {
  promise<int> p;
  future<int> f = p.get_future();
  int calls = 0;
  bool was_cancelled = false;
  std::thread::id called_in;
  f.add_done_callback([&](const future<int>& done) {
    ++calls;
    was_cancelled = done.cancelled() && done.done();
    called_in = std::this_thread::get_id();
  });
  CHECK(f.cancel());
  CHECK(f.cancel());
  CHECK(calls == 1);
  CHECK(was_cancelled);
  CHECK(called_in == std::this_thread::get_id());
}

TEST_CASE("a callback that throws is reported, and the others and the setter go on", "[future][callback]") {
  promise<int> p;
  future<int> f = p.get_future();
  int calls = 0;
  f.add_done_callback([&] { throw std::runtime_error("first callback"); });
  f.add_done_callback([&] { ++calls; });
  f.add_done_callback([&] { throw 3; });
  f.add_done_callback([&] { ++calls; });
  std::string reported;
  {
    const heddle_test::captured_stderr captured;
    CHECK_NOTHROW(p.set_value(1));
    CHECK_NOTHROW(f.add_done_callback([&] { throw std::runtime_error("late callback"); }));
    reported = captured.text();
  }
  CHECK(calls == 2);
  CHECK(f.result() == 1);
  CHECK_THAT(reported, ContainsSubstring("first callback"));
  CHECK_THAT(reported, ContainsSubstring("not derived from std::exception"));
  CHECK_THAT(reported, ContainsSubstring("late callback"));
}

TEST_CASE("blocked threads are told before callbacks run", "[future][callback]") {
  const heddle_test::deadline limit;
  promise<int> p;
  future<int> f = p.get_future();
  std::latch woken(1);
  bool woken_first = false;
  f.add_done_callback([&] {
    woken.wait();  // ends only if the sleeper was told before
    woken_first = true;
  });
  std::thread sleeper = blocked_in([&] {
    static_cast<void>(f.result());
    woken.count_down();
  });
  p.set_value(1);
  sleeper.join();
  CHECK(woken_first);
}

TEST_CASE("a callback may destroy the future", "[future][callback]") {
  heddle_test::life_counts counts;
  promise<heddle_test::tracked> p;
  auto f = std::make_unique<future<heddle_test::tracked>>(p.get_future());
  bool later_one_saw_the_value = false;
  f->add_done_callback([&] { f.reset(); });
  f->add_done_callback([&](const future<heddle_test::tracked>& done) {
    later_one_saw_the_value = done.exception() == nullptr && counts.alive == 1;
  });
  p.set_value(counts);
  CHECK(f == nullptr);
  CHECK(later_one_saw_the_value);
  p = {};
  CHECK(counts.alive == 0);

  promise<int> other;
  other.set_value(1);
  auto late = std::make_unique<future<int>>(other.get_future());
  other = {};
  late->add_done_callback([&] { late.reset(); });
  CHECK(late == nullptr);
}

TEST_CASE("a callback may add callbacks, which run at once", "[future][callback]") {
  promise<int> p;
  future<int> f = p.get_future();
  std::vector<int> order;
  f.add_done_callback([&] {
    order.push_back(1);
    f.add_done_callback([&] { order.push_back(2); });
    order.push_back(3);
  });
  f.add_done_callback([&] { order.push_back(4); });
  p.set_value(0);
  CHECK_THAT(order, Equals(std::vector<int>{1, 2, 3, 4}));
}

TEST_CASE("a callback is moved, never copied, and destroyed after its call", "[future][callback]") {
  heddle_test::life_counts counts;
  promise<int> p;
  future<int> f = p.get_future();
  f.add_done_callback([value = heddle_test::tracked(counts)] { static_cast<void>(value); });
  CHECK(counts.alive == 1);
  p.set_value(1);
  CHECK(counts.alive == 0);
  CHECK(counts.copies == 0);
}

TEST_CASE("a callback whose move or copy throws is not added, and nothing is left of it", "[future][callback]") {
  heddle_test::life_counts counts;
  promise<int> p;
  future<int> f = p.get_future();
  int calls = 0;
  const auto add_moving = [&](int times) {
    f.add_done_callback([&calls, held = heddle_test::moved_at_most(times, counts)] { ++calls; });
  };
  CHECK_THROWS_AS(add_moving(0), heddle_test::move_refused);
  CHECK_THROWS_AS(add_moving(1), heddle_test::move_refused);
  CHECK(counts.alive == 0);
  {
    const auto copied = [&calls, held = heddle_test::tracked(counts)] { ++calls; };
    counts.copies_allowed = 0;
    CHECK_THROWS_AS(f.add_done_callback(copied), heddle_test::copy_refused);
  }
  CHECK(counts.alive == 0);
  add_moving(5);
  p.set_value(1);
  CHECK(calls == 1);
  CHECK(counts.alive == 0);
}

TEST_CASE("a callback that is not called goes with the promise that breaks", "[future][callback]") {
  heddle_test::life_counts counts;
  int calls = 0;
  {
    promise<int> p;
    auto f = p.get_future();
    f.add_done_callback([&calls, value = heddle_test::tracked(counts)] {
      static_cast<void>(value);
      ++calls;
    });
  }
  CHECK(calls == 1);
  CHECK(counts.alive == 0);
}

TEST_CASE("adding a small callback takes a block that its thread keeps, a large one an allocation",
          "[future][callback][allocation]") {
  promise<int> warm;
  warm.get_future().add_done_callback([] {});  // the thread has blocks from now on
  promise<int> p;
  future<int> f = p.get_future();
  int calls = 0;
  CHECK(heddle_test::allocations_in([&] { f.add_done_callback([&] { ++calls; }); }) == 0);
  const std::array<char, heddle::base::large_block_cache::block_size> large{};
  CHECK(heddle_test::allocations_in([&] { f.add_done_callback([&calls, large] { calls += 1 + large[0]; }); }) == 1);
  p.set_value(1);
  CHECK(calls == 2);
}

TEST_CASE("a copied callable stays where it was", "[future][callback]") {
  promise<int> p;
  future<int> f = p.get_future();
  int calls = 0;
  std::function<void()> kept = [&] { ++calls; };
  f.add_done_callback(kept);
  p.set_value(1);
  kept();
  CHECK(calls == 2);
}

TEST_CASE("a coroutine goes on when the future is done, in the thread that completes it", "[future][coroutine]") {
  promise<int> p;
  std::optional<int> got;
  await_value(p.get_future(), got);
  CHECK_FALSE(got.has_value());
  p.set_value(5);
  CHECK(got == 5);
  await_value(ready(6), got);
  CHECK(got == 6);
}

TEST_CASE("a coroutine gets the failure of what it awaits", "[future][coroutine]") {
  promise<int> p, unset;
  std::string what;
  await_failure(p.get_future(), what);
  p.set_exception(std::make_exception_ptr(std::runtime_error("went wrong")));
  CHECK(what == "went wrong");
  future<int> cancelled = unset.get_future();
  cancelled.cancel();
  await_failure(std::move(cancelled), what);
  CHECK_THAT(what, ContainsSubstring("cancelled"));
}

TEST_CASE("a future that is awaited as an lvalue stays, whatever its type", "[future][coroutine][regression]") {
  int target = 1;
  promise<int> of_value;
  promise<void> of_nothing;
  promise<int&> of_reference;
  auto value = of_value.get_future();
  auto nothing = of_nothing.get_future();
  auto reference = of_reference.get_future();
  int resumed = 0;
  await_twice(value, resumed);
  await_twice(nothing, resumed);
  await_twice(reference, resumed);
  of_value.set_value(1);
  of_nothing.set_value();
  of_reference.set_value(target);
  CHECK(resumed == 6);
  CHECK(value.valid());
  CHECK(nothing.valid());
  CHECK(reference.valid());
}
