// SPDX-License-Identifier: MIT
#include <array>
#include <chrono>
#include <exception>
#include <heddle/base/block_cache.hpp>
#include <heddle/errors.hpp>
#include <heddle/future.hpp>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <support/allocation_count.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/tracked.hpp>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using heddle::future;
using heddle::promise;

namespace {

/// One future in each of the six states that CPython's tests of Future go through.
struct six_states {
  six_states() {
    static_cast<void>(of_running.set_running_or_notify_cancel());
    cancelled.cancel();
    cancelled_and_told.cancel();
    static_cast<void>(of_cancelled_and_told.set_running_or_notify_cancel());
    of_error.set_exception(std::make_exception_ptr(std::runtime_error("failed")));
    of_value.set_value(42);
  }
  promise<int> of_pending, of_running, of_cancelled, of_cancelled_and_told, of_error, of_value;
  future<int> pending = of_pending.get_future();
  future<int> running = of_running.get_future();
  future<int> cancelled = of_cancelled.get_future();
  future<int> cancelled_and_told = of_cancelled_and_told.get_future();
  future<int> error = of_error.get_future();
  future<int> value = of_value.get_future();
};

struct not_an_exception {
  int code;
};

}  // namespace

TEST_CASE("only a future that has not begun or is cancelled already can be cancelled", "[promise][cancel]") {
  six_states f;
  CHECK(f.pending.cancel());
  CHECK(f.pending.cancelled());
  CHECK(f.pending.done());
  CHECK_FALSE(f.running.cancel());
  CHECK(f.running.running());
  CHECK(f.cancelled.cancel());
  CHECK(f.cancelled_and_told.cancel());
  CHECK_FALSE(f.error.cancel());
  CHECK_FALSE(f.error.cancelled());
  CHECK_FALSE(f.value.cancel());
  CHECK(f.value.result() == 42);
}

TEST_CASE("done and running and cancelled say which state it is", "[promise]") {
  const six_states f;
  CHECK_FALSE((f.pending.done() || f.pending.running() || f.pending.cancelled()));
  CHECK((!f.running.done() && f.running.running() && !f.running.cancelled()));
  CHECK((f.cancelled.done() && !f.cancelled.running() && f.cancelled.cancelled()));
  CHECK((f.cancelled_and_told.done() && !f.cancelled_and_told.running() && f.cancelled_and_told.cancelled()));
  CHECK((f.error.done() && !f.error.running() && !f.error.cancelled()));
  CHECK((f.value.done() && !f.value.running() && !f.value.cancelled()));
}

TEST_CASE("the result of every state is known at once or times out", "[promise][timeout]") {
  const heddle_test::deadline limit;
  six_states f;
  const auto ask_all = [&](auto timeout) {
    CHECK_THROWS_AS(f.pending.result(timeout), heddle::timeout_error);
    CHECK_THROWS_AS(f.running.result(timeout), heddle::timeout_error);
    CHECK_THROWS_AS(f.pending.exception(timeout), heddle::timeout_error);
    CHECK_THROWS_AS(f.running.exception(timeout), heddle::timeout_error);
    CHECK_FALSE(f.pending.wait(timeout));
    CHECK_FALSE(f.running.wait(timeout));
    CHECK_THROWS_AS(f.cancelled.result(timeout), heddle::cancelled_error);
    CHECK_THROWS_AS(f.cancelled_and_told.exception(timeout), heddle::cancelled_error);
    CHECK_THROWS_AS(f.error.result(timeout), std::runtime_error);
    CHECK_THROWS_AS(std::rethrow_exception(f.error.exception(timeout)), std::runtime_error);
    CHECK(f.value.result(timeout) == 42);
    CHECK(f.value.exception(timeout) == nullptr);
    CHECK(f.cancelled.wait(timeout));
    CHECK(f.error.wait(timeout));
    CHECK(f.value.wait(timeout));
    CHECK_THROWS_AS(std::move(f.pending).result(timeout), heddle::timeout_error);
    CHECK(f.pending.valid());
  };
  ask_all(0s);
  ask_all(-1h);
  ask_all(std::chrono::hours::min());
  ask_all(std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN()));
  ask_all(std::chrono::duration<float, std::milli>(0.1F));
}

TEST_CASE("a huge timeout waits for what is done no longer than none", "[promise][timeout]") {
  const heddle_test::deadline limit;
  six_states f;
  CHECK(f.value.result(std::chrono::hours::max()) == 42);
  CHECK_THROWS_AS(f.error.result(std::chrono::hours::max()), std::runtime_error);
  CHECK_THROWS_AS(f.cancelled.result(std::chrono::hours::max()), heddle::cancelled_error);
  std::thread other([&] { f.of_pending.set_value(3); });
  CHECK(f.pending.result(std::chrono::hours::max()) == 3);
  other.join();
  std::thread another([&] { f.of_running.set_value(4); });
  CHECK(f.running.result(std::chrono::duration<double>(std::numeric_limits<double>::infinity())) == 4);
  another.join();
}

TEST_CASE("a second result is refused and the first one stays", "[promise]") {
  six_states f;
  CHECK_THROWS_AS(f.of_value.set_value(1), heddle::invalid_state_error);
  CHECK_THROWS_AS(f.of_value.set_exception(std::make_exception_ptr(1)), heddle::invalid_state_error);
  CHECK_THROWS_AS(f.of_value.set_running_or_notify_cancel(), heddle::invalid_state_error);
  CHECK(f.value.result() == 42);
  CHECK_THROWS_AS(f.of_error.set_value(1), heddle::invalid_state_error);
  CHECK_THROWS_AS(f.of_error.set_exception(std::make_exception_ptr(1)), heddle::invalid_state_error);
  CHECK_THROWS_AS(f.error.result(), std::runtime_error);
  CHECK_THROWS_AS(f.of_cancelled.set_value(1), heddle::invalid_state_error);
  CHECK_THROWS_AS(f.of_cancelled.set_exception(std::make_exception_ptr(1)), heddle::invalid_state_error);
  CHECK_THROWS_AS(f.cancelled.result(), heddle::cancelled_error);
}

TEST_CASE("a promise is started once, and not when its future was cancelled", "[promise][cancel]") {
  six_states f;
  CHECK(f.of_pending.set_running_or_notify_cancel());
  CHECK(f.pending.running());
  CHECK_FALSE(f.pending.cancel());
  CHECK_THROWS_AS(f.of_pending.set_running_or_notify_cancel(), heddle::invalid_state_error);
  CHECK_FALSE(f.of_cancelled.set_running_or_notify_cancel());
  CHECK_FALSE(f.of_cancelled_and_told.set_running_or_notify_cancel());
  f.of_pending.set_value(1);
  CHECK(f.pending.result() == 1);
}

TEST_CASE("a promise that goes without a result breaks", "[promise]") {
  future<int> never_started = promise<int>().get_future();
  CHECK_THROWS_AS(never_started.result(), heddle::broken_promise);

  future<void> started;
  {
    promise<void> p;
    started = p.get_future();
    static_cast<void>(p.set_running_or_notify_cancel());
  }
  CHECK_THROWS_AS(started.result(), heddle::broken_promise);

  future<int> cancelled;
  {
    promise<int> p;
    cancelled = p.get_future();
    cancelled.cancel();
  }
  CHECK_THROWS_AS(cancelled.result(), heddle::cancelled_error);

  promise<int> assigned;
  future<int> overwritten = assigned.get_future();
  assigned = promise<int>();
  CHECK_THROWS_AS(overwritten.result(), heddle::broken_promise);
}

TEST_CASE("a blocked result wakes with broken_promise", "[promise]") {
  const heddle_test::deadline limit;
  promise<int> p;
  future<int> f = p.get_future();
  std::thread other([gone = std::move(p)] { static_cast<void>(gone); });
  CHECK_THROWS_AS(f.result(), heddle::broken_promise);
  other.join();
}

TEST_CASE("a promise has one future", "[promise]") {
  promise<int> p;
  future<int> f = p.get_future();
  CHECK_THROWS_AS(p.get_future(), heddle::invalid_state_error);
  promise<int> moved(std::move(p));
  CHECK_THROWS_AS(moved.get_future(), heddle::invalid_state_error);
  moved.set_value(1);
  CHECK(f.result() == 1);
}

TEST_CASE("a promise can be moved before its future is taken", "[promise]") {
  promise<std::string> first;
  promise<std::string> second(std::move(first));
  promise<std::string> third;
  third = std::move(second);
  future<std::string> f = third.get_future();
  third.set_value(3U, 'x');
  CHECK(f.result() == "xxx");
}

TEST_CASE("a promise that was moved from says so", "[promise]") {
  promise<int> p;
  const promise<int> moved(std::move(p));
  CHECK_THROWS_AS(p.set_value(1), heddle::invalid_state_error);
  CHECK_THROWS_AS(p.set_exception(std::make_exception_ptr(1)), heddle::invalid_state_error);
  CHECK_THROWS_AS(p.set_running_or_notify_cancel(), heddle::invalid_state_error);
  CHECK_THROWS_AS(p.get_future(), heddle::invalid_state_error);
}

TEST_CASE("a null exception is refused with advice and changes nothing", "[promise]") {
  promise<int> p;
  future<int> f = p.get_future();
  CHECK_THROWS_WITH(p.set_exception(nullptr), ContainsSubstring("set_value()"));
  CHECK_THROWS_AS(p.set_exception(nullptr), std::invalid_argument);
  CHECK_FALSE(f.running());
  p.set_value(1);
  CHECK(f.result() == 1);
}

TEST_CASE("a value whose constructor throws leaves the promise without a result", "[promise]") {
  promise<std::string> p;
  future<std::string> f = p.get_future();
  CHECK_THROWS_AS(p.set_value(std::string("short"), 6U), std::out_of_range);
  CHECK_FALSE(f.done());
  p.set_value("second try");
  CHECK(f.result() == "second try");
}

TEST_CASE("a promise whose value could not be made breaks, is cancelled or fails as any other", "[promise]") {
  const auto failed_once = [](promise<std::string>& p) {
    CHECK_THROWS_AS(p.set_value(std::string("short"), 6U), std::out_of_range);
    return p.get_future();
  };
  future<std::string> broken;
  {
    promise<std::string> p;
    broken = failed_once(p);
  }
  CHECK_THROWS_AS(broken.result(), heddle::broken_promise);
  promise<std::string> first;
  future<std::string> cancelled = failed_once(first);
  CHECK(cancelled.cancel());
  CHECK_THROWS_AS(first.set_value("late"), heddle::invalid_state_error);
  promise<std::string> second;
  CHECK(second.set_running_or_notify_cancel());
  future<std::string> failed = failed_once(second);
  CHECK(failed.running());
  second.set_exception(std::make_exception_ptr(3));
  CHECK_THROWS_AS(failed.result(), int);
}

TEST_CASE("a future that is cancelled while its value is made does not get it", "[promise][cancel]") {
  heddle_test::life_counts counts;
  struct value {
    value(future<value>& cancelled, heddle_test::life_counts& lives) : life(lives) { cancelled.cancel(); }
    heddle_test::tracked life;
  };
  promise<value> p;
  future<value> f = p.get_future();
  int called = 0;
  f.add_done_callback([&] { ++called; });
  CHECK_THROWS_WITH(p.set_value(f, counts), ContainsSubstring("cancelled"));
  CHECK(counts.alive == 0);
  CHECK(f.cancelled());
  CHECK(called == 1);
  CHECK_THROWS_AS(p.set_value(f, counts), heddle::invalid_state_error);

  // One that has been started is not.
  promise<value> started;
  future<value> running = started.get_future();
  CHECK(started.set_running_or_notify_cancel());
  started.set_value(running, counts);
  CHECK(counts.alive == 1);
  CHECK(running.exception() == nullptr);
}

TEST_CASE("a callback may destroy the promise, and the future, that it is told of", "[promise][callback]") {
  heddle_test::life_counts counts;
  const int way = GENERATE(0, 1, 2);
  CAPTURE(way);
  auto p = std::make_unique<promise<heddle_test::tracked>>();
  auto f = std::make_unique<future<heddle_test::tracked>>(p->get_future());
  int called = 0;
  f->add_done_callback([&] {
    p.reset();
    f.reset();
  });
  f->add_done_callback([&] { ++called; });
  if (way == 0) p->set_value(counts);
  if (way == 1) p->set_exception(std::make_exception_ptr(1));
  if (way == 2) f->cancel();
  CHECK(called == 1);
  CHECK(p == nullptr);
  CHECK(counts.alive == 0);
}

TEST_CASE("a failure of any type is a failure", "[promise]") {
  const auto failed_with = [](std::exception_ptr error) {
    promise<int> p;
    p.set_exception(std::move(error));
    return p.get_future();
  };
  CHECK_THROWS_AS(failed_with(std::make_exception_ptr(0)).result(), int);
  CHECK_THROWS_AS(failed_with(std::make_exception_ptr(nullptr)).result(), std::nullptr_t);
  CHECK_THROWS_AS(failed_with(std::make_exception_ptr(false)).result(), bool);
  CHECK_THROWS_AS(failed_with(std::make_exception_ptr(not_an_exception{1})).result(), not_an_exception);
  CHECK_THROWS_AS(failed_with(std::make_exception_ptr(heddle::timeout_error())).result(1h), heddle::timeout_error);
  CHECK(failed_with(std::make_exception_ptr(nullptr)).exception() != nullptr);
}

TEST_CASE("an exception_ptr may be a result, null or not, and is no failure then", "[promise]") {
  promise<std::exception_ptr> none;
  promise<std::exception_ptr> some;
  none.set_value();
  some.set_value(std::make_exception_ptr(1));
  future<std::exception_ptr> of_none = none.get_future();
  future<std::exception_ptr> of_some = some.get_future();
  CHECK(of_none.result() == nullptr);
  CHECK(of_none.exception() == nullptr);
  CHECK(of_some.result() != nullptr);
  CHECK(of_some.exception() == nullptr);
}

TEST_CASE("results may be void or references or move-only or const", "[promise]") {
  promise<void> nothing;
  nothing.set_value();
  future<void> of_nothing = nothing.get_future();
  of_nothing.result();
  of_nothing.result();
  CHECK(of_nothing.exception() == nullptr);

  struct base {
    int member = 1;
  };
  struct derived : base {};
  derived target;
  promise<base&> reference;
  reference.set_value(target);
  future<base&> of_reference = reference.get_future();
  CHECK(&of_reference.result() == &target);
  CHECK(&std::move(of_reference).result() == &target);

  promise<std::unique_ptr<int>> owner;
  owner.set_value(std::make_unique<int>(4));
  future<std::unique_ptr<int>> of_owner = owner.get_future();
  CHECK(*of_owner.result() == 4);
  const std::unique_ptr<int> taken = std::move(of_owner).result();
  CHECK(*taken == 4);
  CHECK_FALSE(of_owner.valid());

  promise<const std::string> constant;
  constant.set_value("fixed");
  future<const std::string> of_constant = constant.get_future();
  CHECK(of_constant.result() == "fixed");
}

TEST_CASE("a value is moved in once, moved out once, and never copied", "[promise]") {
  heddle_test::life_counts counts;
  promise<heddle_test::tracked> p;
  future<heddle_test::tracked> f = p.get_future();
  p.set_value(heddle_test::tracked(counts));
  CHECK(counts.moves == 1);
  {
    const heddle_test::tracked taken = std::move(f).result();
  }
  CHECK(counts.moves == 2);
  CHECK(counts.copies == 0);
}

TEST_CASE("set_value may be called before get_future and after its future is gone", "[promise]") {
  promise<int> early;
  early.set_value(1);
  CHECK(early.get_future().result() == 1);
  heddle_test::life_counts counts;
  {
    promise<heddle_test::tracked> late;
    {
      const auto gone = late.get_future();
    }
    late.set_value(counts);
  }
  CHECK(counts.alive == 0);
}

TEST_CASE("a promise and its future take one allocation and no exception is made in advance", "[promise][allocation]") {
  struct large {  // than a block that is kept for reuse
    int value = 0;
    std::array<char, heddle::base::large_block_cache::block_size> others{};
  };
  int sum = 0;
  const auto once = [](auto value) {
    promise<decltype(value)> p;
    future<decltype(value)> f = p.get_future();
    p.set_value(value);
    return std::move(f).result();
  };
  CHECK(heddle_test::allocations_in([&] { sum = once(large{.value = 3}).value; }) == 1);
  CHECK(sum == 3);
  CHECK(once(4) == 4);
  CHECK(heddle_test::allocations_in([&] { sum = once(5); }) == 0);
  CHECK(sum == 5);
}

TEST_CASE("a future and its promise may go in any order", "[promise]") {
  heddle_test::life_counts counts;
  const auto make = [&] {
    promise<heddle_test::tracked> p;
    p.set_value(counts);
    return p.get_future();
  };
  {
    const auto kept = make();
    CHECK(counts.alive == 1);
  }
  CHECK(counts.alive == 0);
  promise<heddle_test::tracked> p;
  p.set_value(counts);
  {
    const auto dropped = p.get_future();
  }
  p = promise<heddle_test::tracked>();
  CHECK(counts.alive == 0);
}
