// SPDX-License-Identifier: MIT
#include <heddle/completion_set.hpp>
#include <heddle/errors.hpp>
#include <heddle/future.hpp>
#include <heddle/inline_executor.hpp>
#include <heddle/shared_future.hpp>
#include <heddle/thread_pool_executor.hpp>
#include <heddle/wait.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <iterator>
#include <limits>
#include <list>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/gate.hpp>
#include <support/waiting_threads.hpp>

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using heddle::all_completed;
using heddle::first_completed;
using heddle::first_exception;
using heddle::future;
using heddle::promise;
using heddle::shared_future;
using heddle_test::blocked_in;
using heddle_test::failure;
using heddle_test::places;
using heddle_test::promised;
using heddle_test::sleeps_in;
using indices = std::vector<std::size_t>;

namespace {

/// The places of what is done when wait() returns; all others are in not_done, or this is empty.
template <class Futures>
indices done_of(Futures& futures, const heddle::wait_options& options) {
  const auto [done, not_done] = heddle::wait(futures, options);
  indices all = places(done, futures);
  const indices others = places(not_done, futures);
  all.insert(all.end(), others.begin(), others.end());
  std::sort(all.begin(), all.end());
  if (all.size() != futures.size()) return {};
  return places(done, futures);
}

/// The same from another thread, which sleeps in it before `then()` is called.
template <class Futures, class Then>
indices done_after(Futures& futures, heddle::return_when when, Then then) {
  indices done;
  std::thread sleeper = blocked_in([&] { done = done_of(futures, {.return_when = when}); });
  then();
  sleeper.join();
  return done;
}

/// A range that can be read once: the addresses of some futures.
template <class F>
struct read_once {
  struct iterator {
    using difference_type = std::ptrdiff_t;
    using value_type = F*;
    F* operator*() const { return at; }
    iterator& operator++() { return ++at, *this; }
    void operator++(int) { ++at; }
    bool operator==(std::default_sentinel_t) const { return at == end; }
    F* at;
    F* end;
  };
  [[nodiscard]] iterator begin() { return {std::exchange(first, last), last}; }
  [[nodiscard]] std::default_sentinel_t end() const { return {}; }
  F* first;
  F* last;
};

}  // namespace

// ---- what is returned when

TEST_CASE("wait returns what is done and what is not, each in the order of the range", "[wait]") {
  promised p(5);
  static_cast<void>(p.promises[1].set_running_or_notify_cancel());
  p.promises[4].set_value(1);
  p.futures[2].cancel();
  p.promises[3].set_exception(failure());
  for (const auto when : {all_completed, first_completed, first_exception}) {
    const auto [done, not_done] = heddle::wait(p.futures, {.timeout = 0s, .return_when = when});
    CHECK(places(done, p.futures) == indices{2, 3, 4});
    CHECK(places(not_done, p.futures) == indices{0, 1});
  }
}

TEST_CASE("waiting for all returns when the last one is done, however it ends", "[wait]") {
  const heddle_test::deadline limit;
  promised p(4);
  const indices done = done_after(p.futures, all_completed, [&] {
    p.promises[2].set_value(1);
    p.futures[0].cancel();
    p.promises[1].set_exception(failure());
    p.promises.erase(p.promises.begin() + 3);
  });
  CHECK(done == indices{0, 1, 2, 3});
  CHECK_THROWS_AS(p.futures[3].result(), heddle::broken_promise);
}

TEST_CASE("waiting for the first returns when one is done, however it ends", "[wait]") {
  const heddle_test::deadline limit;
  const int way = GENERATE(0, 1, 2);
  CAPTURE(way);
  promised p(3);
  const indices done = done_after(p.futures, first_completed, [&] {
    if (way == 0) p.promises[1].set_value(1);
    if (way == 1) p.promises[1].set_exception(failure());
    if (way == 2) p.futures[1].cancel();
  });
  CHECK(done == indices{1});
  p.promises[2].set_value(1);
  CHECK(done_of(p.futures, {.return_when = first_completed}) == indices{1, 2});
}

TEST_CASE("waiting for the first exception goes on after values and cancellations", "[wait]") {
  const heddle_test::deadline limit;
  promised p(4);
  p.promises[3].set_value(1);
  const indices done = done_after(p.futures, first_exception, [&] {
    p.promises[0].set_value(1);
    p.futures[1].cancel();
    p.promises[2].set_exception(failure());
  });
  CHECK(done == indices{0, 1, 2, 3});

  promised q(3);
  CHECK(done_after(q.futures, first_exception, [&] { q.promises[2].set_exception(failure()); }) == indices{2});
}

TEST_CASE("waiting for the first exception ends when all are done without one", "[wait]") {
  const heddle_test::deadline limit;
  promised p(3);
  const indices done = done_after(p.futures, first_exception, [&] {
    p.futures[1].cancel();
    p.promises[2].set_value(1);
    p.promises[0].set_value(1);
  });
  CHECK(done == indices{0, 1, 2});
}

TEST_CASE("a wait that has got what it waits for does not block", "[wait]") {
  const heddle_test::deadline limit;
  promised p(4);
  std::list<shared_future<int>> others;
  for (future<int>& each : p.futures) others.push_back(std::move(each).share());
  p.promises[0].set_value(1);
  CHECK_FALSE(sleeps_in([&] { CHECK(done_of(others, {.return_when = first_completed}) == indices{0}); }));
  p.promises[2].set_exception(failure());
  CHECK_FALSE(sleeps_in([&] { CHECK(done_of(others, {.return_when = first_exception}) == indices{0, 2}); }));
  others.front().cancel();
  p.promises[1].set_value(1);
  p.promises[3].set_value(1);
  CHECK_FALSE(sleeps_in([&] { CHECK(done_of(others, {}) == indices{0, 1, 2, 3}); }));
}

TEST_CASE("a wait for an array that has got what it waits for does not block", "[wait]") {
  const heddle_test::deadline limit;
  promised p(3);
  p.promises[1].set_exception(failure());
  for (const auto when : {first_completed, first_exception}) {
    CHECK_FALSE(sleeps_in([&] { CHECK(done_of(p.futures, {.return_when = when}) == indices{1}); }));
  }
  p.futures[0].cancel();
  p.promises[2].set_value(1);
  CHECK_FALSE(sleeps_in([&] { CHECK(done_of(p.futures, {}) == indices{0, 1, 2}); }));
  promised q(2);
  q.futures[0].cancel();
  CHECK(
      sleeps_in([&] { CHECK(done_of(q.futures, {.timeout = 500ms, .return_when = first_exception}) == indices{0}); }));
}

TEST_CASE("a wait for nothing returns at once", "[wait]") {
  const heddle_test::deadline limit;
  std::vector<future<int>> none;
  std::list<future<int>*> no_pointers;
  for (const auto when : {all_completed, first_completed, first_exception}) {
    const auto result = heddle::wait(none, {.return_when = when});
    CHECK(result.done.empty());
    CHECK(result.not_done.empty());
    CHECK(heddle::wait(no_pointers, {.return_when = when}).done.empty());
  }
}

TEST_CASE("wait throws nothing of what the calls throw", "[wait]") {
  std::vector<future<int>> failed;
  failed.push_back(promise<int>().get_future());
  CHECK_NOTHROW(heddle::wait(failed));
  CHECK_NOTHROW(heddle::wait(failed, {.return_when = first_exception}));
}

// ---- what can be waited for

TEST_CASE("a future that is there twice, or shares its result, counts once, and the first one is meant", "[wait]") {
  promised p(2);
  p.promises[0].set_value(1);
  future<int>* const twice[] = {&p.futures[1], &p.futures[0], &p.futures[1], &p.futures[0], &p.futures[0]};
  const auto [done, not_done] = heddle::wait(twice, {.timeout = 0s});
  CHECK(places(done, p.futures) == indices{0});
  CHECK(places(not_done, p.futures) == indices{1});

  const shared_future<int> one = std::move(p.futures[1]).share();
  const shared_future<int> other = std::move(p.futures[0]).share();
  const std::array<shared_future<int>, 5> owners{one, other, one, other, one};
  const auto shared = heddle::wait(owners, {.timeout = 0s});
  CHECK(places(shared.not_done, owners) == indices{0});
  CHECK(places(shared.done, owners) == indices{1});
  CHECK(heddle::wait(owners, {.return_when = first_completed}).done.size() == 1);
  p.promises[1].set_value(1);
  CHECK(places(heddle::wait(owners).done, owners) == indices{0, 1});
}

TEST_CASE("any range of futures can be waited for, and of what points to them", "[wait]") {
  promised p(4);
  p.promises[1].set_value(1);
  p.promises[2].set_value(2);
  const auto finds = [&](auto&& range, const indices& expected_done, const indices& expected_not_done) {
    for (const auto when : {first_completed, all_completed}) {
      const auto [done, not_done] = heddle::wait(range, {.timeout = 0s, .return_when = when});
      CHECK(places(done, p.futures) == expected_done);
      CHECK(places(not_done, p.futures) == expected_not_done);
    }
  };
  finds(std::span(p.futures), {1, 2}, {0, 3});
  finds(std::span(p.futures).subspan(1), {1, 2}, {3});
  finds(std::as_const(p.futures), {1, 2}, {0, 3});
  finds(p.futures | std::views::reverse, {2, 1}, {3, 0});
  finds(p.futures | std::views::take(2), {1}, {0});
  finds(p.futures | std::views::take_while([&](const auto& f) { return &f != &p.futures[2]; }), {1}, {0});
  finds(p.futures | std::views::filter([](const auto& f) { return f.done(); }), {1, 2}, {});
  finds(p.futures | std::views::transform([](auto& f) { return &f; }), {1, 2}, {0, 3});
  finds(p.futures | std::views::transform([](auto& f) { return std::ref(f); }), {1, 2}, {0, 3});
  finds(p.futures | std::views::transform([](auto& f) -> const future<int>& { return f; }), {1, 2}, {0, 3});
  finds(std::vector<const future<int>*>{&p.futures[3], &p.futures[2]}, {2}, {3});
  finds(std::list<std::reference_wrapper<future<int>>>{p.futures[0], p.futures[1]}, {1}, {0});
  finds(std::vector<std::reference_wrapper<const future<int>>>{p.futures[0], p.futures[1]}, {1}, {0});
  finds(std::vector{p.futures.begin(), p.futures.begin() + 2}, {2}, {0});
  finds(std::initializer_list<future<int>*>{&p.futures[0], &p.futures[1]}, {1}, {0});
  CHECK(places(heddle::wait(read_once<future<int>>{p.futures.data(), p.futures.data() + 4}, {.timeout = 0s}).done,
               p.futures) == indices{1, 2});
}

TEST_CASE("futures in lists, arrays and smart pointers can be waited for", "[wait]") {
  std::list<future<void>> list;
  list.push_back(heddle::inline_executor().submit([] {}));
  CHECK(&heddle::wait(list).done[0] == &list.front());
  int target = 0;
  future<int&> array[2];
  for (future<int&>& each : array) each = heddle::inline_executor().submit([&]() -> int& { return target; });
  CHECK(&heddle::wait(array).done[1].result() == &target);
  std::vector<std::unique_ptr<future<void>>> owners;
  owners.push_back(std::make_unique<future<void>>(std::move(list.front())));
  CHECK(&heddle::wait(owners).done[0] == owners[0].get());
  const std::vector<std::shared_ptr<future<int&>>> shared{std::make_shared<future<int&>>(std::move(array[0]))};
  CHECK(&heddle::wait(shared).done[0] == shared[0].get());
  std::optional<shared_future<void>> maybe[] = {std::move(*owners[0]).share()};
  CHECK(&heddle::wait(maybe).done[0] == &*maybe[0]);
}

TEST_CASE("what is not a range of futures is none, and no error to ask about", "[wait]") {
  STATIC_REQUIRE(heddle::future_range<std::vector<future<int>>>);
  STATIC_REQUIRE(heddle::future_range<const std::list<shared_future<void>*>&>);
  STATIC_REQUIRE_FALSE(heddle::future_range<std::vector<int>>);
  STATIC_REQUIRE_FALSE(heddle::future_range<std::vector<int*>>);
  STATIC_REQUIRE_FALSE(heddle::future_range<std::vector<std::reference_wrapper<int>>>);
  STATIC_REQUIRE_FALSE(heddle::future_range<future<int>&>);
  STATIC_REQUIRE_FALSE(heddle::future_range<int>);
  STATIC_REQUIRE_FALSE(heddle::future_range<decltype(std::views::iota(0, 1) | std::views::transform([](int) {
                                                       return promise<int>().get_future();
                                                     }))>);
}

TEST_CASE("what wait returns is a random-access range of references, to be copied", "[wait]") {
  promised p(3);
  auto [done, not_done] = heddle::wait(p.futures, {.timeout = 0s});
  using refs = heddle::future_refs<future<int>>;
  STATIC_REQUIRE(std::random_access_iterator<refs::iterator>);
  STATIC_REQUIRE(std::ranges::random_access_range<refs>);
  STATIC_REQUIRE(std::is_same_v<decltype(not_done[0]), future<int>&>);
  STATIC_REQUIRE(std::is_same_v<decltype(heddle::wait(std::as_const(p.futures)).done[0]), const future<int>&>);
  CHECK(done.empty());
  CHECK(not_done.size() == 3);
  CHECK(not_done.contains(p.futures[2]));
  CHECK_FALSE(done.contains(p.futures[2]));
  refs copy = not_done;
  not_done = refs();
  CHECK(not_done.empty());
  CHECK(places(copy, p.futures) == indices{0, 1, 2});
  not_done = std::move(copy);
  CHECK(&not_done.end()[-1] == &p.futures[2]);
  CHECK(not_done.end() - not_done.begin() == 3);
  for (future<int>& each : not_done) each.cancel();
  CHECK(p.futures[1].cancelled());
}

TEST_CASE("futures of several executors are waited for together", "[wait]") {
  const heddle_test::deadline limit;
  heddle_test::gate held;
  heddle::thread_pool_executor one{{.max_workers = 1}};
  heddle::thread_pool_executor two{{.max_workers = 2}};
  heddle::inline_executor here;
  promise<int> p;
  std::vector<future<int>> mixed;
  mixed.push_back(one.submit([&] { return held.pass(), 1; }));
  mixed.push_back(two.submit([] { return 2; }));
  mixed.push_back(here.submit([] { return 3; }));
  mixed.push_back(p.get_future());
  mixed.push_back(two.with(heddle::priority::high).submit([] { return 5; }));
  CHECK(heddle::wait(mixed, {.return_when = first_completed}).done.contains(mixed[2]));
  p.set_value(4);
  held.open();
  CHECK(heddle::wait(mixed).done.size() == 5);
}

// ---- how long

TEST_CASE("a timeout that is not positive only looks", "[wait][timeout]") {
  const heddle_test::deadline limit;
  promised p(2);
  p.promises[1].set_value(1);
  const auto looks = [&](heddle::sync::timeout timeout) {
    for (const auto when : {all_completed, first_exception}) {
      CHECK_FALSE(
          sleeps_in([&] { CHECK(done_of(p.futures, {.timeout = timeout, .return_when = when}) == indices{1}); }));
    }
  };
  looks(0s);
  looks(-1h);
  looks(std::chrono::hours::min());
  looks(std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN()));
}

TEST_CASE("a timeout that is over is no error, and it is not over early", "[wait][timeout]") {
  const heddle_test::deadline limit;
  promised p(3);
  p.promises[1].set_value(1);
  for (const auto when : {all_completed, first_exception}) {
    const auto before = std::chrono::steady_clock::now();
    CHECK(done_of(p.futures, {.timeout = 20ms, .return_when = when}) == indices{1});
    CHECK(std::chrono::steady_clock::now() - before >= 20ms);
  }
  std::vector<future<int>*> pending{&p.futures[0], &p.futures[2]};
  const auto before = std::chrono::steady_clock::now();
  CHECK(heddle::wait(pending, {.timeout = 20ms, .return_when = first_completed}).not_done.size() == 2);
  CHECK(std::chrono::steady_clock::now() - before >= 20ms);
}

TEST_CASE("a huge timeout waits for ever", "[wait][timeout]") {
  const heddle_test::deadline limit;
  promised p(2);
  std::thread sleeper = blocked_in([&] {
    CHECK(heddle::wait(p.futures, {.timeout = std::chrono::hours::max()}).done.size() == 2);
    CHECK(heddle::wait(p.futures, {.timeout = std::chrono::duration<double>(1e300)}).done.size() == 2);
  });
  p.promises[0].set_value(1);
  p.promises[1].set_value(1);
  sleeper.join();
}

TEST_CASE("a wait whose timeout is over leaves nothing in the lists of waiters", "[wait][timeout]") {
  const heddle_test::deadline limit;
  promised p(3);
  int called = 0;
  for (const auto when : {all_completed, first_completed, first_exception}) {
    CHECK(heddle::wait(p.futures, {.timeout = 1ms, .return_when = when}).done.empty());
    for (future<int>& each : p.futures) each.add_done_callback([&] { ++called; });
  }
  CHECK(done_after(p.futures, first_completed, [&] { p.promises[1].set_value(1); }) == indices{1});
  CHECK(called == 3);
  p.promises[0].set_value(1);
  p.promises[2].set_value(1);
  CHECK(called == 9);
  CHECK(done_of(p.futures, {}) == indices{0, 1, 2});
}

TEST_CASE("a wait for the first leaves nothing behind in the others", "[wait]") {
  const heddle_test::deadline limit;
  promised p(3);
  CHECK(done_after(p.futures, first_completed, [&] { p.promises[2].set_value(1); }) == indices{2});
  p.futures.pop_back();
  CHECK(done_after(p.futures, first_exception, [&] { p.promises[1].set_exception(failure()); }) == indices{1});
  p.futures.pop_back();
  p.promises[0].set_value(1);
  CHECK(done_of(p.futures, {}) == indices{0});
}

// ---- misuse

TEST_CASE("a wait for a future without state says so, wherever it is", "[wait]") {
  for (const std::size_t at : {0U, 1U, 2U}) {
    promised p(3);
    std::vector<future<int>*> pointers{&p.futures[0], &p.futures[1], &p.futures[2]};
    for (const auto when : {all_completed, first_completed, first_exception}) {
      p.futures[at] = future<int>();
      CHECK_THROWS_AS(heddle::wait(p.futures, {.timeout = 0s, .return_when = when}), heddle::invalid_state_error);
      CHECK_THROWS_AS(heddle::wait(pointers, {.timeout = 1h, .return_when = when}), heddle::invalid_state_error);
      CHECK_THROWS_WITH(heddle::wait(p.futures), ContainsSubstring("check valid()"));
    }
  }
  const std::vector<shared_future<int>> none(1);
  CHECK_THROWS_AS(heddle::wait(none), heddle::invalid_state_error);
}

TEST_CASE("an event loop may look at several futures but not block in them", "[wait]") {
  const heddle_test::deadline limit;
  heddle_test::loop_context loop;
  promised p(2);
  {
    const heddle::sync::scoped_context installed(loop);
    for (const auto when : {all_completed, first_completed, first_exception}) {
      CHECK_THROWS_AS(heddle::wait(p.futures, {.return_when = when}), heddle::invalid_state_error);
      CHECK_THROWS_AS(heddle::wait(p.futures, {.timeout = 1h, .return_when = when}), heddle::invalid_state_error);
      CHECK(heddle::wait(p.futures, {.timeout = 0s, .return_when = when}).done.empty());
    }
    CHECK_THROWS_WITH(heddle::wait(p.futures), ContainsSubstring("co_await"));
    const auto finds = [&](heddle::return_when when, const indices& expected) {
      CHECK(done_of(p.futures, {.return_when = when}) == expected);
      std::vector<future<int>*> pointers{&p.futures[0], &p.futures[1]};
      CHECK(places(heddle::wait(pointers, {.return_when = when}).done, p.futures) == expected);
    };
    p.promises[1].set_exception(failure());
    finds(first_completed, {1});
    finds(first_exception, {1});
    p.futures[0].cancel();
    finds(all_completed, {0, 1});
  }
  CHECK(loop.blocked == 0);
}

TEST_CASE("a number that is none of return_when is refused with advice", "[wait]") {
  promised p(1);
  p.promises[0].set_value(1);
  for (const int number : {-1, 3}) {
    const heddle::wait_options wrong{.return_when = static_cast<heddle::return_when>(number)};
    CHECK_THROWS_AS(heddle::wait(p.futures, wrong), std::invalid_argument);
    CHECK_THROWS_WITH(heddle::wait(p.futures, wrong), ContainsSubstring("all_completed"));
  }
}
