// SPDX-License-Identifier: MIT
// when_all(), collect() and when_any(): several futures as one.

#include <heddle/inline_executor.hpp>
#include <heddle/stop_token.hpp>
#include <heddle/thread_pool_executor.hpp>
#include <heddle/when_all.hpp>
#include <heddle/when_any.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <exception>
#include <forward_list>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/gate.hpp>
#include <support/ready_future.hpp>
#include <support/scale.hpp>
#include <support/tracked.hpp>

namespace {

using namespace std::chrono_literals;
using heddle::collect;
using heddle::future;
using heddle::promise;
using heddle::shared_future;
using heddle::stop_token;
using heddle::thread_pool_executor;
using heddle::when_all;
using heddle::when_any;
using heddle_test::gate;
using heddle_test::life_counts;
using heddle_test::ready;
using heddle_test::tracked;

template <class T>
future<T> failed(std::exception_ptr error) {
  promise<T> p;
  p.set_exception(error);
  return p.get_future();
}

/// Some promises, and their futures.
template <class T>
struct several {
  explicit several(std::size_t count) : promises(count) {
    for (auto& each : promises) futures.push_back(each.get_future());
  }
  std::vector<promise<T>> promises;
  std::vector<future<T>> futures;
};

}  // namespace

TEST_CASE("when_all is done when the last one is, and gives the futures in the order given", "[when]") {
  several<int> some(3);
  future<std::vector<future<int>>> all = when_all(std::move(some.futures));
  for (const std::size_t i : {2U, 0U, 1U}) {
    CHECK_FALSE(all.done());
    some.promises[i].set_value(static_cast<int>(i));
  }
  REQUIRE(all.done());
  for (std::size_t i = 0; i < 3; ++i) CHECK(all.result()[i].result() == static_cast<int>(i));
}

TEST_CASE("when_all of some futures of any types gives a tuple", "[when]") {
  promise<std::unique_ptr<int>> source;
  int object = 0;
  promise<int&> reference;
  reference.set_value(object);
  auto shared = ready(std::string("shared")).share();
  future<void> nothing = ready(1).then([](int) {});
  auto all = when_all(source.get_future(), std::move(nothing), shared, reference.get_future());
  static_assert(
      std::is_same_v<
          decltype(all),
          future<std::tuple<future<std::unique_ptr<int>>, future<void>, shared_future<std::string>, future<int&>>>>);
  CHECK_FALSE(all.done());
  source.set_value(std::make_unique<int>(3));
  auto [a, b, c, d] = std::move(all).result();
  CHECK(*a.result() == 3);
  b.result();
  CHECK(c.result() == "shared");
  CHECK(shared.result() == "shared");
  CHECK(&d.result() == &object);
}

TEST_CASE("when_all waits for failures and cancellations as for values", "[when]") {
  several<int> some(3);
  auto all = when_all(std::move(some.futures));
  some.promises[0].set_exception(std::make_exception_ptr(std::range_error("no")));
  CHECK_FALSE(all.done());
  {
    const promise<int> broken = std::move(some.promises[1]);
  }
  CHECK_FALSE(all.done());
  some.promises[2].set_value(1);
  REQUIRE(all.done());
  auto& futures = all.result();
  CHECK_THROWS_AS(futures[0].result(), std::range_error);
  CHECK_THROWS_AS(futures[1].result(), heddle::broken_promise);
  CHECK(futures[2].result() == 1);
}

TEST_CASE("when_all and collect of nothing are done, and when_any of nothing throws", "[when]") {
  CHECK(when_all(std::vector<future<int>>()).result().empty());
  CHECK(collect(std::vector<future<int>>()).result().empty());
  collect(std::vector<future<void>>()).result();
  CHECK(when_all().done());
  CHECK(collect().done());
  CHECK_THROWS_AS(when_any(std::vector<future<int>>()), std::invalid_argument);
}

TEST_CASE("when_all, collect and when_any take futures that are done", "[when]") {
  const auto some = [] {
    std::vector<future<int>> futures;
    for (int i = 0; i < 3; ++i) futures.push_back(ready(i));
    return futures;
  };
  CHECK(when_all(some()).result()[2].result() == 2);
  CHECK(collect(some()).result() == std::vector<int>{0, 1, 2});
  const auto first = when_any(some()).result().index;
  CHECK(first == 0);
  CHECK(std::get<1>(collect(ready(1), ready(std::string("two"))).result()) == "two");
}

TEST_CASE("what they take may be any range of futures, or of what refers to some", "[when]") {
  std::forward_list<future<int>> list;
  list.push_front(ready(2));
  list.push_front(ready(1));
  CHECK(collect(std::move(list)).result() == std::vector<int>{1, 2});
  std::array<future<int>, 2> array{ready(3), ready(4)};
  std::vector<future<int>*> pointers{&array[1], &array[0]};
  CHECK(collect(std::move(pointers)).result() == std::vector<int>{4, 3});
  CHECK_FALSE(array[0].valid());
  std::vector<shared_future<int>> shared{ready(5).share(), ready(6).share()};
  CHECK(collect(shared).result() == std::vector<int>{5, 6});
  CHECK(when_all(std::as_const(shared)).result()[1].result() == 6);
  CHECK(shared[0].valid());
}

TEST_CASE("a future without state throws, and nothing is taken", "[when]") {
  std::vector<future<int>> some;
  some.push_back(ready(1));
  some.emplace_back();
  CHECK_THROWS_AS(when_all(std::move(some)), heddle::invalid_state_error);
  CHECK_THROWS_AS(collect(std::move(some)), heddle::invalid_state_error);
  CHECK_THROWS_AS(when_any(std::move(some)), heddle::invalid_state_error);
  REQUIRE(some.size() == 2);
  CHECK(some[0].valid());
  future<int> one = ready(1);
  CHECK_THROWS_AS(when_all(std::move(one), future<void>()), heddle::invalid_state_error);
  CHECK_THROWS_AS(when_any(std::move(one), shared_future<int>()), heddle::invalid_state_error);
  CHECK(one.valid());
  std::forward_list<future<int>> list;
  list.push_front(future<int>());
  list.push_front(ready(1));
  CHECK_THROWS_AS(when_all(std::move(list)), heddle::invalid_state_error);
  CHECK(list.front().valid());
}

TEST_CASE("collect gives all values, moved, in the order given", "[when]") {
  life_counts counts;
  {
    std::vector<promise<tracked>> promises(2);
    std::vector<future<tracked>> futures;
    for (auto& each : promises) futures.push_back(each.get_future());
    auto all = collect(std::move(futures));
    promises[1].set_value(counts);
    CHECK_FALSE(all.done());
    promises[0].set_value(counts);
    CHECK(all.result().size() == 2);
    CHECK(counts.copies == 0);
  }
  CHECK(counts.alive == 0);
  several<int> some(3);
  auto numbers = collect(std::move(some.futures));
  for (const std::size_t i : {2U, 0U, 1U}) some.promises[i].set_value(static_cast<int>(i));
  CHECK(numbers.result() == std::vector<int>{0, 1, 2});
}

TEST_CASE("collect of void gives nothing, and of some types a tuple with references", "[when]") {
  several<void> some(2);
  future<void> all = collect(std::move(some.futures));
  some.promises[0].set_value();
  CHECK_FALSE(all.done());
  some.promises[1].set_value();
  all.result();
  int object = 0;
  promise<int&> reference;
  reference.set_value(object);
  auto mixed = collect(reference.get_future(), ready(1).then([](int) {}), ready(2).share());
  CHECK(&std::get<0>(mixed.result()) == &object);
  CHECK(std::get<2>(mixed.result()) == 2);
}

TEST_CASE("collect fails at once as the first that fails, and cancels those that have not begun", "[when]") {
  several<int> some(3);
  auto all = collect(std::move(some.futures));
  some.promises[0].set_value(1);
  const std::exception_ptr error = std::make_exception_ptr(std::range_error("no"));
  some.promises[1].set_exception(error);
  REQUIRE(all.done());
  CHECK(all.exception() == error);
  CHECK_FALSE(some.promises[2].set_running_or_notify_cancel());
}

TEST_CASE("collect is cancelled at once if one of its futures is", "[when]") {
  several<int> some(2);
  auto shared = std::move(some.futures[0]).share();
  auto all = collect(shared, std::move(some.futures[1]));
  CHECK(shared.cancel());
  CHECK(all.cancelled());
  CHECK_FALSE(some.promises[1].set_running_or_notify_cancel());
}

TEST_CASE("of futures that are done collect takes the first failure in their order", "[when]") {
  const std::exception_ptr first = std::make_exception_ptr(1);
  std::vector<future<int>> some;
  promise<int> pending;
  some.push_back(ready(1));
  some.push_back(pending.get_future());
  some.push_back(failed<int>(first));
  some.push_back(failed<int>(std::make_exception_ptr(2)));
  CHECK(collect(std::move(some)).exception() == first);
  CHECK_FALSE(pending.set_running_or_notify_cancel());
}

TEST_CASE("what copying or moving a value throws is in the future of collect", "[when]") {
  life_counts counts;
  counts.copies_allowed = 0;
  auto shared = ready(1).then([&](int) { return tracked(counts); }).share();
  CHECK_THROWS_AS(collect(shared, ready(1)).result(), heddle_test::copy_refused);
}

TEST_CASE("when_any is done with the first one, however it ends, and says which", "[when]") {
  for (const int end : {0, 1, 2}) {
    several<int> some(3);
    std::vector<future<int>> futures = std::move(some.futures);
    auto any = when_any(std::move(futures));
    CHECK_FALSE(any.done());
    if (end == 0) some.promises[1].set_value(7);
    if (end == 1) some.promises[1].set_exception(std::make_exception_ptr(std::range_error("no")));
    if (end == 2) {
      const promise<int> broken = std::move(some.promises[1]);
    }
    REQUIRE(any.done());
    auto& [index, all] = any.result();
    CHECK(index == 1);
    CHECK(all.size() == 3);
    if (end == 0) CHECK(all[1].result() == 7);
    if (end == 1) CHECK_THROWS_AS(all[1].result(), std::range_error);
    if (end == 2) CHECK_THROWS_AS(all[1].result(), heddle::broken_promise);
    CHECK(all[0].cancelled());
    CHECK_FALSE(some.promises[2].set_running_or_notify_cancel());
  }
}

TEST_CASE("when_any of some types, of which one is shared, gives a tuple", "[when]") {
  promise<std::string> text;
  promise<void> nothing;
  auto shared = nothing.get_future().share();
  auto any = when_any(text.get_future(), shared);
  nothing.set_value();
  auto [index, all] = std::move(any).result();
  CHECK(index == 1);
  CHECK(std::get<0>(all).cancelled());
  std::get<1>(all).result();
}

TEST_CASE("when_any takes those that are done for the first, in their order", "[when]") {
  promise<int> pending;
  std::vector<future<int>> some;
  some.push_back(pending.get_future());
  some.push_back(ready(1));
  some.push_back(ready(2));
  auto [index, all] = when_any(std::move(some)).result();
  CHECK(index == 1);
  CHECK(all[0].cancelled());
  CHECK(all[2].result() == 2);
}

TEST_CASE("losers that run are asked to stop, and may go on", "[when]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 2}};
  gate running;
  auto slow = pool.submit([&](stop_token stop) {
    running.pass();
    return stop.stop_requested();
  });
  promise<bool> fast;
  running.wait_until_reached();
  auto any = when_any(std::move(slow), fast.get_future());
  fast.set_value(false);
  auto [index, all] = std::move(any).result();
  CHECK(index == 1);
  CHECK_FALSE(std::get<0>(all).done());
  running.open();
  CHECK(std::get<0>(all).result());
}

TEST_CASE("the losers of when_any may be dropped while they run", "[when]") {
  const heddle_test::deadline limit;
  life_counts counts;
  {
    thread_pool_executor pool{{.max_workers = 1}};
    gate running;
    auto slow = pool.submit([&] {
      running.pass();
      return tracked(counts);
    });
    running.wait_until_reached();
    {
      auto any = when_any(std::move(slow), ready(1));
      CHECK(any.done());
    }
    running.open();
  }
  CHECK(counts.alive == 0);
}

TEST_CASE("cancelling a joined future asks all of its futures to stop", "[when]") {
  const heddle_test::deadline limit;
  const auto check = [](auto join) {
    thread_pool_executor pool{{.max_workers = 1}};
    gate running;
    std::atomic<bool> stopped{false};
    std::atomic<bool> ran{false};
    std::vector<future<void>> some;
    some.push_back(pool.submit([&](stop_token stop) {
      running.pass();
      stopped = stop.stop_requested();
    }));
    running.wait_until_reached();
    some.push_back(pool.submit([&] { ran = true; }));
    auto joined = join(std::move(some));
    CHECK(joined.cancel());
    CHECK(joined.cancelled());
    CHECK(joined.cancel());
    running.open();
    pool.shutdown();
    CHECK(stopped);
    CHECK_FALSE(ran);
  };
  check([](auto some) { return when_all(std::move(some)); });
  check([](auto some) { return collect(std::move(some)); });
  check([](auto some) { return when_any(std::move(some)); });
  check([](auto some) { return when_all(std::move(some)).then([](auto&&) {}); });
}

TEST_CASE("a joined future that is dropped leaves its futures alone", "[when]") {
  life_counts counts;
  several<int> some(3);
  int ran = 0;
  for (auto& each : some.futures) {
    each = std::move(each).then([&, t = tracked(counts)](int v) {
      ++ran;
      return v;
    });
  }
  static_cast<void>(collect(std::move(some.futures)));
  for (auto& each : some.promises) each.set_value(1);
  CHECK(ran == 3);
  CHECK(counts.alive == 0);
}

TEST_CASE("a joined future that is done cannot be cancelled, nor asked to stop", "[when]") {
  auto all = when_all(ready(1));
  CHECK_FALSE(all.cancel());
  CHECK_FALSE(all.request_stop());
  CHECK(std::get<0>(all.result()).result() == 1);
}

TEST_CASE("joined futures nest", "[when]") {
  several<int> left(2);
  several<int> right(2);
  auto both = when_all(when_any(std::move(left.futures)), when_any(std::move(right.futures)));
  right.promises[1].set_value(4);
  CHECK_FALSE(both.done());
  left.promises[0].set_value(3);
  auto [a, b] = std::move(both).result();
  CHECK(a.result().index == 0);
  CHECK(b.result().index == 1);
  CHECK_FALSE(left.promises[1].set_running_or_notify_cancel());

  several<int> other(2);
  auto outer = when_any(collect(std::move(other.futures)), ready(std::vector<int>()));
  CHECK(outer.result().index == 1);
  CHECK_FALSE(other.promises[0].set_running_or_notify_cancel());
  CHECK_FALSE(other.promises[1].set_running_or_notify_cancel());
}

TEST_CASE("a shared future may be given several times", "[when]") {
  promise<int> source;
  auto shared = source.get_future().share();
  auto all = collect(shared, shared, shared);
  auto any = when_any(shared, shared);
  source.set_value(2);
  CHECK(all.result() == std::tuple(2, 2, 2));
  CHECK(any.result().index == 0);
}

TEST_CASE("a continuation of a joined future runs when that is done", "[when]") {
  several<int> some(2);
  auto sum = collect(std::move(some.futures)).then([](std::vector<int> values) { return values[0] + values[1]; });
  for (auto& each : some.promises) each.set_value(4);
  CHECK(sum.result() == 8);
}

TEST_CASE("many futures are joined", "[when]") {
  const heddle_test::deadline limit;
  const std::size_t count = heddle_test::scaled(100'000);
  thread_pool_executor pool{{.max_workers = 2}};
  std::vector<future<std::size_t>> some;
  for (std::size_t i = 0; i < count; ++i) some.push_back(pool.submit([i] { return i; }));
  const auto values = collect(std::move(some)).result();
  REQUIRE(values.size() == count);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < count; ++i) wrong += values[i] != i;
  CHECK(wrong == 0);
}
