// SPDX-License-Identifier: MIT
// future::then() and catch_error(): what they give, what passes by, where the call runs, and what is left when they
// throw. Long chains: then_chains_test.cpp.

#include <heddle/as_completed.hpp>
#include <heddle/inline_executor.hpp>
#include <heddle/shared_future.hpp>
#include <heddle/stop_token.hpp>
#include <heddle/thread_pool_executor.hpp>
#include <heddle/wait.hpp>

#include <atomic>
#include <chrono>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <unistd.h>

#include <support/allocation_count.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/gate.hpp>
#include <support/own_executor.hpp>
#include <support/ready_future.hpp>
#include <support/threads.hpp>
#include <support/tracked.hpp>

namespace {

using namespace std::chrono_literals;
using heddle::future;
using heddle::promise;
using heddle::thread_pool_executor;
using heddle_test::gate;
using heddle_test::life_counts;
using heddle_test::queueing_executor;
using heddle_test::ready;
using heddle_test::tracked;

template <class T, class E>
future<T> failed(E error) {
  promise<T> p;
  p.set_exception(std::make_exception_ptr(error));
  return p.get_future();
}

template <class T>
future<T> cancelled() {
  promise<T> p;
  future<T> result = p.get_future();
  result.cancel();
  return result;
}

/// `check(make)`, where `make(value)` gives a future that is done, and then one that is done after then() was called.
template <class Check>
void before_and_after(Check check) {
  check([](auto value) { return ready(std::move(value)); }, [] {});
  std::vector<std::function<void()>> due;
  check(
      [&due](auto value) {
        auto p = std::make_shared<promise<decltype(value)>>();
        auto v = std::make_shared<decltype(value)>(std::move(value));
        due.emplace_back([p, v] { p->set_value(std::move(*v)); });
        return p->get_future();
      },
      [&due] {
        for (auto& each : std::exchange(due, {})) each();
      });
}

struct refusing_executor : queueing_executor {
  template <class F>
  void post(const F&) {
    throw std::out_of_range("full");
  }
};

struct throws_when_moved {
  explicit throws_when_moved(int moves_before) : left(moves_before) {}
  throws_when_moved(throws_when_moved&& other) : left(other.left - 1) {
    if (left < 0) throw std::length_error("moved");
  }
  throws_when_moved& operator=(throws_when_moved&&) = delete;
  ~throws_when_moved() = default;
  int left;
};

}  // namespace

TEST_CASE("then gives what the callable makes of the value, done before or after", "[then]") {
  before_and_after([](auto make, auto complete) {
    future<std::string> text = make(41).then([](int value) { return std::to_string(value + 1); });
    complete();
    CHECK(text.result() == "42");
  });
}

TEST_CASE("then of void calls without arguments, and gives void where the callable does", "[then]") {
  promise<void> source;
  int calls = 0;
  future<void> nothing = source.get_future().then([&] { ++calls; });
  future<int> number = std::move(nothing).then([&] { return ++calls; });
  CHECK(calls == 0);
  CHECK_FALSE(number.done());
  CHECK_FALSE(number.running());
  source.set_value();
  CHECK(number.result() == 2);
}

TEST_CASE("then passes references on, and may give one", "[then]") {
  int object = 1;
  promise<int&> source;
  future<int&> same = source.get_future().then([](int& value) -> int& { return ++value; });
  source.set_value(object);
  CHECK(&same.result() == &object);
  future<int> copy = std::move(same).then([](int& value) { return value; });
  CHECK(copy.result() == 2);
  future<std::string> from_rvalue =
      ready(std::string("text")).then([](std::string&& text) -> std::string&& { return std::move(text); });
  CHECK(from_rvalue.result() == "text");
}

TEST_CASE("then moves values and callables and copies none", "[then]") {
  before_and_after([](auto make, auto complete) {
    life_counts values;
    life_counts callables;
    {
      future<tracked> moved = make(tracked(values)).then([in = tracked(callables)](tracked value) { return value; });
      complete();
      moved.wait();
      CHECK(values.copies == 0);
      CHECK(callables.copies == 0);
      CHECK(callables.alive == 0);
      CHECK(values.alive == 1);
    }
    CHECK(values.alive == 0);
  });
  future<std::unique_ptr<int>> one = ready(std::make_unique<int>(1)).then([](std::unique_ptr<int> value) {
    ++*value;
    return value;
  });
  CHECK(*one.result() == 2);
}

TEST_CASE("a callable is called as an rvalue, and a pointer to a member is one", "[then]") {
  struct rvalue_only {
    int operator()(int value) && { return value; }
  };
  CHECK(ready(7).then(rvalue_only()).result() == 7);
  CHECK(ready(std::string("four")).then(&std::string::size).result() == 4);
}

TEST_CASE("what a callable throws is in the future, and so is what moving its result throws", "[then]") {
  before_and_after([](auto make, auto complete) {
    future<int> thrown = make(1).then([](int) -> int { throw std::range_error("no"); });
    future<throws_when_moved> not_moved = make(1).then([](int) {
      throws_when_moved local(0);
      return throws_when_moved(std::move(local));
    });
    complete();
    CHECK_THROWS_AS(thrown.result(), std::range_error);
    CHECK_THROWS_AS(not_moved.result(), std::length_error);
  });
}

TEST_CASE("failures and cancellations pass by then", "[then]") {
  bool called = false;
  const auto call = [&](int value) {
    called = true;
    return value;
  };
  const std::exception_ptr error = std::make_exception_ptr(std::range_error("no"));
  promise<int> source;
  auto late = source.get_future().then(call).then(call);
  source.set_exception(error);
  CHECK(late.exception() == error);
  CHECK_THROWS_AS(failed<int>(std::range_error("no")).then(call).result(), std::range_error);
  auto passed = cancelled<int>().then(call);
  CHECK(passed.cancelled());
  CHECK_THROWS_AS(passed.result(), heddle::cancelled_error);
  CHECK_FALSE(called);
}

TEST_CASE("a broken promise passes by then", "[then]") {
  future<int> orphan = promise<int>().get_future().then([](int value) { return value; });
  CHECK_THROWS_AS(orphan.result(), heddle::broken_promise);
}

TEST_CASE("catch_error gets any failure, and values and cancellations pass by", "[then]") {
  const std::exception_ptr error = std::make_exception_ptr(std::range_error("no"));
  std::exception_ptr caught;
  promise<int> source;
  future<int> handled = source.get_future().catch_error([&](std::exception_ptr what) {
    caught = std::move(what);
    return 5;
  });
  source.set_exception(error);
  CHECK(handled.result() == 5);
  CHECK(caught == error);
  bool called = false;
  const auto handler = [&](const std::exception_ptr&) {
    called = true;
    return 1;
  };
  CHECK(ready(3).catch_error(handler).result() == 3);
  CHECK(cancelled<int>().catch_error(handler).cancelled());
  CHECK_FALSE(called);
}

TEST_CASE("catch_error with a type gets failures of that type and those derived from it", "[then]") {
  auto derived = failed<int>(std::range_error("no")).catch_error<std::runtime_error>([](std::runtime_error& e) {
    return std::string(e.what()) == "no" ? 1 : 2;
  });
  CHECK(derived.result() == 1);
  bool called = false;
  const std::exception_ptr error = std::make_exception_ptr(std::logic_error("other"));
  promise<int> source;
  future<int> other = source.get_future().catch_error<std::runtime_error>([&](std::runtime_error&) {
    called = true;
    return 1;
  });
  source.set_exception(error);
  CHECK(other.exception() == error);  // the same object
  CHECK_FALSE(called);
  CHECK(failed<int>(7).catch_error<const int>([](const int& number) { return number; }).result() == 7);
}

TEST_CASE("what a handler throws is in the future, and a rethrown exception is the same object", "[then]") {
  CHECK_THROWS_AS(failed<int>(1).catch_error([](std::exception_ptr) -> int { throw std::range_error("no"); }).result(),
                  std::range_error);
  const std::exception_ptr error = std::make_exception_ptr(std::range_error("no"));
  promise<int> source;
  auto again = source.get_future().catch_error<std::range_error>([](std::range_error&) -> int { throw; });
  source.set_exception(error);
  CHECK(again.exception() == error);
}

TEST_CASE("catch_error works for void, references and values that can only be moved", "[then]") {
  bool handled = false;
  failed<void>(1).catch_error([&](std::exception_ptr) { handled = true; }).result();
  CHECK(handled);
  int object = 0;
  CHECK(&failed<int&>(1).catch_error([&](std::exception_ptr) -> int& { return object; }).result() == &object);
  auto pointer = ready(std::make_unique<int>(3)).catch_error([](std::exception_ptr) { return nullptr; });
  CHECK(*pointer.result() == 3);
  life_counts values;
  ready(tracked(values)).catch_error([&](std::exception_ptr) { return tracked(values); }).wait();
  CHECK(values.copies == 0);
  CHECK(values.alive == 0);
}

TEST_CASE("a future without state has no then, and one that was continued has no state", "[then]") {
  future<int> none;
  CHECK_THROWS_AS(std::move(none).then([](int) {}), heddle::invalid_state_error);
  CHECK_THROWS_AS(std::move(none).catch_error([](std::exception_ptr) { return 1; }), heddle::invalid_state_error);
  future<int> some = ready(1);
  const auto continued = std::move(some).then([](int) {});
  CHECK_FALSE(some.valid());
  future<int> other = ready(1);
  const auto caught = std::move(other).catch_error([](std::exception_ptr) { return 1; });
  CHECK_FALSE(other.valid());
}

TEST_CASE("where a callable cannot be moved the future keeps its state", "[then]") {
  for (const int moves : {0, 1}) {
    struct call {
      throws_when_moved inside;
      future<int> operator()(int) { return ready(1); }
    };
    future<int> kept = ready(1);
    call throwing{throws_when_moved(moves)};
    CHECK_THROWS_AS(std::move(kept).then(std::move(throwing)), std::length_error);
    REQUIRE(kept.valid());
    CHECK(kept.result() == 1);
  }
}

TEST_CASE("a callable that gives a future makes then give the future of its result", "[then]") {
  before_and_after([](auto make, auto complete) {
    promise<std::string> inner;
    future<std::string> flat = make(1).then([&](int) { return inner.get_future(); });
    complete();
    CHECK_FALSE(flat.done());
    CHECK(flat.running());
    inner.set_value("inner");
    CHECK(flat.result() == "inner");
  });
  bool ran = false;
  ready(1).then([&](int) { return ready(2).then([&](int) { ran = true; }); }).result();
  CHECK(ran);
  int object = 0;
  CHECK(&ready(1)
             .then([&](int) {
               promise<int&> p;
               p.set_value(object);
               return p.get_future();
             })
             .result() == &object);
}

TEST_CASE("only one level is flattened", "[then]") {
  future<future<int>> nested = ready(1).then([](int value) { return ready(ready(value)); });
  CHECK(nested.result().result() == 1);
}

TEST_CASE("a flattened future ends as the inner one, or as the outer one if there is none", "[then]") {
  const auto inner_fails = [](int) { return failed<int>(std::range_error("inner")); };
  CHECK_THROWS_AS(ready(1).then(inner_fails).result(), std::range_error);
  CHECK(ready(1).then([](int) { return cancelled<int>(); }).cancelled());
  CHECK_THROWS_AS(failed<int>(std::logic_error("outer")).then(inner_fails).result(), std::logic_error);
  CHECK(cancelled<int>().then(inner_fails).cancelled());
  CHECK_THROWS_AS(ready(1).then([](int) -> future<int> { throw std::out_of_range("call"); }).result(),
                  std::out_of_range);
  CHECK_THROWS_AS(ready(1).then([](int) { return future<int>(); }).result(), heddle::invalid_state_error);
}

TEST_CASE("what moving the inner result throws is in the flattened future", "[then]") {
  promise<throws_when_moved> inner;
  auto flat = ready(1).then([&](int) { return inner.get_future(); });
  inner.set_value(throws_when_moved(1));
  CHECK_THROWS_AS(flat.result(), std::length_error);
}

TEST_CASE("cancelling the future of then cancels what it waits for", "[then]") {
  gate busy;
  thread_pool_executor pool{{.max_workers = 1}};
  heddle_test::occupy(pool, busy);
  life_counts counts;
  bool ran = false;
  auto last = pool.submit([&, t = tracked(counts)] { ran = true; }).then([t = tracked(counts)] {}).then(pool, [] {});
  CHECK(last.cancel());
  CHECK(last.cancel());
  CHECK(last.cancelled());
  CHECK(counts.alive == 0);
  busy.open();
  pool.shutdown();
  CHECK_FALSE(ran);
}

TEST_CASE("cancelling a continuation of a call that runs leaves the call alone", "[then]") {
  gate busy;
  thread_pool_executor pool{{.max_workers = 1}};
  bool continued = false;
  std::atomic<bool> ended{false};
  auto last = pool.submit([&] {
                    busy.pass();
                    ended = true;
                  })
                  .then([&] { continued = true; });
  busy.wait_until_reached();
  CHECK(last.cancel());
  busy.open();
  pool.shutdown();
  CHECK(ended);
  CHECK_FALSE(continued);
}

TEST_CASE("a flattened future is cancelled with its outer call, and asks the inner one to stop", "[then]") {
  promise<int> outer;
  auto early = outer.get_future().then([](int) { return ready(1); });
  CHECK(early.cancel());
  CHECK_FALSE(outer.set_running_or_notify_cancel());

  promise<int> inner;
  auto flat = ready(1).then([&](int) { return inner.get_future(); });
  CHECK_FALSE(flat.cancel());  // it runs
  CHECK(flat.request_stop());  // the inner one has not begun, and is cancelled
  CHECK(flat.cancelled());
  CHECK(flat.request_stop());

  promise<int> running;
  auto waits = ready(1).then([&](int) {
    CHECK(running.set_running_or_notify_cancel());
    return running.get_future();
  });
  CHECK_FALSE(waits.request_stop());
  running.set_value(3);
  CHECK(waits.result() == 3);
  CHECK_FALSE(waits.request_stop());
}

TEST_CASE("request_stop reaches the call behind two flattened futures", "[then]") {
  gate busy;
  thread_pool_executor pool{{.max_workers = 1}};
  auto flat = ready(1).then([&](int) {
    return ready(2).then([&](int) {
      return pool.submit([&](heddle::stop_token stop) {
        busy.pass();
        return stop.stop_requested();
      });
    });
  });
  busy.wait_until_reached();
  CHECK(flat.request_stop());
  busy.open();
  CHECK(flat.result());
}

TEST_CASE("the outer call's future goes when the inner one is known", "[then]") {
  life_counts counts;
  promise<int> inner;
  struct holds_both {
    tracked t;
    future<int> operator()(int) { return std::move(from); }
    future<int> from;
  };
  auto flat = ready(1).then(holds_both{tracked(counts), inner.get_future()});
  CHECK(counts.alive == 0);
  inner.set_value(1);
  CHECK(flat.result() == 1);
}

TEST_CASE("then on an executor runs there when the call is done", "[then]") {
  thread_pool_executor pool{{.max_workers = 2}};
  promise<int> source;
  auto where = source.get_future().then(pool, [](int) { return std::this_thread::get_id(); });
  source.set_value(1);
  CHECK(where.result() != std::this_thread::get_id());
  CHECK(ready(1).then(pool, [](int) { return std::this_thread::get_id(); }).result() != std::this_thread::get_id());
  auto urgent = ready(1).then(pool.with(heddle::priority::high), [](int v) { return v; });
  CHECK(urgent.result() == 1);
  auto flat = ready(1).then(pool, [&pool](int v) { return pool.submit([v] { return v + 1; }); });
  CHECK(flat.result() == 2);
}

TEST_CASE("then on an executor has the priority of that", "[then]") {
  gate busy;
  thread_pool_executor pool{{.max_workers = 1}};
  heddle_test::occupy(pool, busy);
  std::string order;
  auto low = ready(1).then(pool.with(heddle::priority::background), [&](int) { order += 'b'; });
  auto mid = ready(1).then(pool, [&](int) { order += 'n'; });
  auto top = ready(1).then(pool.with(heddle::priority::high), [&](int) { order += 'h'; });
  busy.open();
  pool.shutdown();
  CHECK(order == "hnb");
}

TEST_CASE("errors and cancellations of a call pass by an executor's calls too", "[then]") {
  thread_pool_executor pool{{.max_workers = 1}};
  bool called = false;
  const auto call = [&](int) { called = true; };
  CHECK_THROWS_AS(failed<int>(std::range_error("no")).then(pool, call).result(), std::range_error);
  auto passed = cancelled<int>().then(pool, call);
  passed.wait();
  CHECK(passed.cancelled());
  CHECK_FALSE(called);
}

TEST_CASE("then on a pool that is shut down or gone leaves executor_shutdown_error in the future", "[then]") {
  promise<int> source;
  std::optional<thread_pool_executor> pool(std::in_place, heddle::thread_pool_options{.max_workers = 1});
  life_counts counts;
  const auto call = [](int v) { return v; };
  auto of_gone = source.get_future().then(*pool, [t = tracked(counts)](int v) { return v; });
  pool->shutdown();
  CHECK_THROWS_AS(ready(1).then(*pool, call).result(), heddle::executor_shutdown_error);
  pool.reset();
  thread_pool_executor other{{.max_workers = 1}};  // which may get the place of the first one
  source.set_value(1);
  CHECK(counts.alive == 0);
  CHECK_THROWS_AS(of_gone.result(), heddle::executor_shutdown_error);
}

TEST_CASE("what passes by does not go to the executor, so it does not matter whether that takes calls", "[then]") {
  thread_pool_executor pool{{.max_workers = 1}};
  const auto call = [](int v) { return v; };
  promise<int> fails;
  promise<int> ends;
  auto failing = fails.get_future().then(pool, call);
  auto shared = ends.get_future().share();
  auto passed = shared.then(pool, call).then(pool, call);
  pool.shutdown();
  fails.set_exception(std::make_exception_ptr(std::range_error("first")));
  CHECK_THROWS_AS(failing.result(), std::range_error);
  shared.cancel();
  CHECK(passed.cancelled());
}

TEST_CASE("a continuation that is due in a worker while its pool is destroyed is refused", "[then]") {
  const heddle_test::deadline limit;
  const pid_t here = ::gettid();
  for (int round = 0; round < 5; ++round) {
    gate busy;
    future<int> late;
    std::thread opens;
    {
      thread_pool_executor pool{{.max_workers = 1}};
      late = pool.submit([&] {
                   busy.pass();
                   return 1;
                 })
                 .then(pool, [](int v) { return v; });
      busy.wait_until_reached();
      opens = std::thread([&] {
        while (!heddle_test::is_asleep(here)) std::this_thread::yield();  // the destructor waits for the worker
        busy.open();
      });
    }
    opens.join();
    CHECK_THROWS_AS(late.result(), heddle::executor_shutdown_error);
  }
}

TEST_CASE("then on a broken pool leaves broken_thread_pool in the future", "[then]") {
  promise<int> source;
  thread_pool_executor pool{{.max_workers = 1, .initializer = [] { throw std::runtime_error("no"); }}};
  auto refused = source.get_future().then(pool, [](int v) { return v; });
  for (bool broken = false; !broken;) {
    try {
      pool.submit([] {}).wait();
    } catch (const heddle::broken_thread_pool&) {
      broken = true;
    }
  }
  source.set_value(1);
  CHECK_THROWS_AS(refused.result(), heddle::broken_thread_pool);
}

TEST_CASE("then on an inline executor runs where the call is done, unless it is shut down", "[then]") {
  heddle::inline_executor here;
  promise<int> source;
  bool ran = false;
  auto done = source.get_future().then(here, [&](int) { ran = true; });
  CHECK_FALSE(ran);
  source.set_value(1);
  CHECK(ran);
  here.shutdown();
  CHECK_THROWS_AS(ready(1).then(here, [](int) {}).result(), heddle::executor_shutdown_error);
}

TEST_CASE("then on an executor of one's own posts a callable that can be copied", "[then]") {
  queueing_executor own;
  life_counts counts;
  auto done = ready(std::make_unique<int>(1)).then(own, [t = tracked(counts)](std::unique_ptr<int> v) { return *v; });
  CHECK_FALSE(done.done());
  own.run();
  CHECK(done.result() == 1);
  CHECK(counts.copies == 0);

  auto once = ready(1).then(own, [](int v) { return v; });
  const auto copy = own.calls.front();
  own.run();
  copy();  // does nothing
  CHECK(once.result() == 1);

  auto gone = ready(1).then(own, [](int v) { return v; });
  CHECK(gone.cancel());
  own.run();
  CHECK(gone.cancelled());
}

TEST_CASE("an executor of one's own that drops the call cancels it, and one that throws fails it", "[then]") {
  queueing_executor own;
  life_counts counts;
  auto dropped = ready(1).then(own, [t = tracked(counts)](int v) { return v; });
  own.calls.clear();
  CHECK(dropped.cancelled());
  CHECK(counts.alive == 0);
  refusing_executor full;
  CHECK_THROWS_AS(ready(1).then(full, [](int v) { return v; }).result(), std::out_of_range);
}

TEST_CASE("shared futures may be continued several times, by const reference", "[then]") {
  life_counts counts;
  std::optional<promise<tracked>> source(std::in_place);
  heddle::shared_future<tracked> shared = source->get_future().share();
  thread_pool_executor pool{{.max_workers = 2}};
  auto a = shared.then([](const tracked& v) { return &v; });
  auto b = shared.then(pool, [](const tracked& v) { return &v; });
  auto flat = shared.then([](const tracked&) { return ready(4); });
  source->set_value(counts);
  source.reset();  // which keeps the result
  CHECK(a.result() == &shared.result());
  CHECK(b.result() == &shared.result());
  CHECK(flat.result() == 4);
  CHECK(counts.copies == 0);
  auto c = shared.then([](const tracked&) {});
  shared = {};
  a = {};
  b = {};
  c.wait();
  pool.shutdown();
  CHECK(counts.alive == 0);
}

TEST_CASE("cancelling a continuation of a shared future leaves it to the others", "[then]") {
  promise<int> source;
  auto shared = source.get_future().share();
  auto other = shared.then([](int v) { return v; });
  auto gone = shared.then([](int v) { return v; });
  CHECK(gone.cancel());
  CHECK(source.set_running_or_notify_cancel());
  source.set_value(3);
  CHECK(other.result() == 3);
}

TEST_CASE("callbacks and continuations of a call run in the order in which they were added", "[then]") {
  promise<int> source;
  auto shared = source.get_future().share();
  std::string order;
  shared.add_done_callback([&] { order += '1'; });
  auto second = shared.then([&](int) { order += '2'; });
  shared.add_done_callback([&] { order += '3'; });
  auto fourth = shared.then([&](int) { order += '4'; });
  second.add_done_callback([&] { order += 'a'; });
  source.set_value(1);
  CHECK(order == "12a34");
}

TEST_CASE("what becomes due in a continuation runs when that has ended, the oldest first", "[then]") {
  promise<void> outer;
  promise<void> inner;
  std::string order;
  auto first = inner.get_future().then([&] { order += 'f'; }).then([&] { order += 'g'; });
  auto second = outer.get_future().then([&] {
    order += '<';
    inner.set_value();
    auto at_once = ready(1).then([&](int) { order += 'h'; });
    CHECK_FALSE(at_once.done());
    order += '>';
  });
  outer.set_value();
  CHECK(order == "<>fhg");
}

TEST_CASE("a continuation that waits for what this thread has put off does not wait for itself", "[then]") {
  const heddle_test::deadline limit;
  enum class way { result, timed, all, any, completed };
  for (const way by : {way::result, way::timed, way::all, way::any, way::completed}) {
    promise<int> inner;
    std::vector<future<int>> waited;
    waited.push_back(inner.get_future().then([](int v) { return v; }).then([](int v) { return v + 1; }));
    int seen = 0;
    auto outer = ready(1).then([&](int) {
      inner.set_value(1);
      if (by == way::timed) waited[0].wait(1h);
      if (by == way::all) heddle::wait(waited);
      if (by == way::any) heddle::wait(waited, {.return_when = heddle::first_completed});
      if (by == way::completed) {
        for (auto& each : heddle::as_completed(waited)) seen = each.result();
      }
      seen = waited[0].result();
    });
    CHECK(seen == 2);
    CHECK(outer.done());
  }
}

TEST_CASE("a continuation may destroy the future that it is of, and the promise", "[then]") {
  std::optional<promise<int>> source(std::in_place);
  std::optional<future<void>> last;
  bool ran = false;
  last = source->get_future().then([&](int) {
    last.reset();
    source.reset();
    ran = true;
  });
  source->set_value(1);
  CHECK(ran);
  CHECK_FALSE(source.has_value());
}

TEST_CASE("a continuation that nobody holds runs all the same", "[then]") {
  promise<int> source;
  bool ran = false;
  static_cast<void>(source.get_future().then([&](int) { ran = true; }));
  static_cast<void>(ready(1).then([](int) { return ready(2); }));
  source.set_value(1);
  CHECK(ran);
}

TEST_CASE("a continuation may destroy the last future of another pool, and that pool", "[then]") {
  const heddle_test::deadline limit;
  std::optional<thread_pool_executor> pool(std::in_place, heddle::thread_pool_options{.max_workers = 1});
  std::optional<future<int>> other = pool->submit([] { return 1; });
  auto done = ready(1).then([&](int) {
    other.reset();
    pool.reset();
  });
  done.result();
  CHECK_FALSE(pool.has_value());
}

TEST_CASE("small continuations take no memory from operator new", "[then][allocations]") {
  const auto chain = [] {
    promise<int> source;
    auto last = source.get_future().then([](int v) { return v + 1; }).then([](int v) { return v + 1; });
    source.set_value(1);
    return last.result();
  };
  CHECK(chain() == 3);  // the first one may take a slab of blocks
  CHECK(heddle_test::allocations_in([&] { chain(); }) == 0);
}
