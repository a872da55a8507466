// SPDX-License-Identifier: MIT
#include <heddle/completion_set.hpp>
#include <heddle/errors.hpp>
#include <heddle/future.hpp>
#include <heddle/thread_pool_executor.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include <support/allocation_count.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/gate.hpp>
#include <support/tracked.hpp>
#include <support/waiting_threads.hpp>

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using heddle::completion_set;
using heddle::future;
using heddle::promise;
using heddle_test::blocked_in;
using heddle_test::promised;
using heddle_test::sleeps_in;

namespace {

completion_set<int>& add_all(completion_set<int>& set, promised& p) {
  for (future<int>& each : p.futures) set.add(std::move(each));
  return set;
}

}  // namespace

TEST_CASE("a set hands out its futures as they are done, with the numbers under which they were added",
          "[completion_set]") {
  const heddle_test::deadline limit;
  promised p(4);
  p.promises[1].set_value(1);
  completion_set<int> set;
  CHECK(set.empty());
  for (std::size_t i = 0; i < 4; ++i) CHECK(set.add(std::move(p.futures[i])) == i);
  CHECK_FALSE(p.futures[3].valid());
  CHECK(set.size() == 4);
  CHECK(set.wait_any().index == 1);
  p.promises[3].set_value(33);
  p.promises[0].set_exception(std::make_exception_ptr(std::runtime_error("failed")));
  auto third = set.wait_any();
  CHECK(third.index == 3);
  CHECK(third.future.result() == 33);
  auto failed = set.wait_any();
  CHECK(failed.index == 0);
  CHECK_THROWS_AS(failed.future.result(), std::runtime_error);
  CHECK(set.size() == 1);
  std::thread other = blocked_in([&] { CHECK(set.wait_any().future.result() == 5); });
  p.promises[2].set_value(5);
  other.join();
  CHECK(set.empty());
}

TEST_CASE("a future that is done when it is added comes after those that were done before", "[completion_set]") {
  promised p(3);
  completion_set<int> set;
  set.add(std::move(p.futures[0]));
  set.add(std::move(p.futures[1]));
  p.promises[1].set_value(1);
  p.promises[2].set_value(2);
  set.add(std::move(p.futures[2]));
  p.promises[0].set_value(0);
  for (const std::size_t expected : {1U, 2U, 0U}) CHECK(set.wait_any().index == expected);
}

TEST_CASE("futures are added while others are handed out", "[completion_set]") {
  const heddle_test::deadline limit;
  heddle::thread_pool_executor pool{{.max_workers = 2}};
  completion_set<int> set;
  for (int i = 0; i < 8; ++i) set.add(pool.submit([] { return 6; }));
  int handed_out = 0;
  int sum = 0;
  while (!set.empty()) {
    auto [index, done] = set.wait_any();
    ++handed_out;
    const int value = done.result();
    sum += value;
    for (int i = 0; i < 2 && value > 4; ++i) set.add(pool.submit([value] { return value - 1; }));
  }
  CHECK(handed_out == 8 * 7);
  CHECK(sum == 8 * (6 + 2 * 5 + 4 * 4));
  CHECK(set.add(pool.submit([] { return 0; })) == 8 * 7);
}

TEST_CASE("a cancelled future and one of a broken promise are done", "[completion_set]") {
  const heddle_test::deadline limit;
  promised p(1);
  p.futures[0].cancel();
  completion_set<int> set;
  set.add(std::move(p.futures[0]));
  set.add(promise<int>().get_future());
  CHECK(set.wait_any().future.cancelled());
  CHECK_THROWS_AS(set.wait_any().future.result(), heddle::broken_promise);
}

TEST_CASE("nothing and references are handed out too", "[completion_set]") {
  heddle::completion_set<void> nothing;
  heddle::completion_set<int&> references;
  promise<void> of_nothing;
  promise<int&> of_reference;
  int target = 0;
  nothing.add(of_nothing.get_future());
  references.add(of_reference.get_future());
  of_nothing.set_value();
  of_reference.set_value(target);
  CHECK(nothing.wait_any().index == 0);
  CHECK(&references.wait_any().future.result() == &target);
}

TEST_CASE("waiting for the next of an empty set is refused, or there is none in time", "[completion_set]") {
  const heddle_test::deadline limit;
  completion_set<int> set;
  CHECK_THROWS_AS(set.wait_any(), heddle::invalid_state_error);
  CHECK_THROWS_WITH(set.wait_any(), ContainsSubstring("empty()"));
  CHECK_FALSE(sleeps_in([&] { CHECK_FALSE(set.wait_any(1h).has_value()); }));
  promised p(1);
  add_all(set, p);
  p.promises[0].set_value(1);
  CHECK(set.wait_any(1h).has_value());
  CHECK_THROWS_AS(set.wait_any(), heddle::invalid_state_error);
}

TEST_CASE("a timed wait of a set gives nothing if nothing is done in time, and the set stays",
          "[completion_set][timeout]") {
  const heddle_test::deadline limit;
  promised p(2);
  completion_set<int> set;
  add_all(set, p);
  CHECK_FALSE(sleeps_in([&] {
    CHECK_FALSE(set.wait_any(0s).has_value());
    CHECK_FALSE(set.wait_any(-1h).has_value());
  }));
  const auto before = std::chrono::steady_clock::now();
  CHECK_FALSE(set.wait_any(10ms).has_value());
  CHECK(std::chrono::steady_clock::now() - before >= 10ms);
  CHECK(set.size() == 2);
  p.promises[1].set_value(1);
  CHECK(set.wait_any(0s)->index == 1);
  std::thread other = blocked_in([&] { CHECK(set.wait_any(std::chrono::hours::max())->index == 0); });
  p.promises[0].set_value(1);
  other.join();
}

TEST_CASE("a future without state is not taken in", "[completion_set]") {
  completion_set<int> set;
  CHECK_THROWS_AS(set.add(future<int>()), heddle::invalid_state_error);
  CHECK(set.empty());
  promised p(1);
  add_all(set, p);
  CHECK_THROWS_AS(set.add(std::move(p.futures[0])), heddle::invalid_state_error);
  CHECK(set.size() == 1);
}

TEST_CASE("an event loop may take what is done out of a set but not wait for the rest", "[completion_set]") {
  const heddle_test::deadline limit;
  heddle_test::loop_context loop;
  promised p(2);
  completion_set<int> set;
  add_all(set, p);
  p.promises[1].set_value(1);
  {
    const heddle::sync::scoped_context installed(loop);
    CHECK(set.wait_any().index == 1);
    CHECK_THROWS_AS(set.wait_any(), heddle::invalid_state_error);
    CHECK_THROWS_AS(set.wait_any(1h), heddle::invalid_state_error);
    CHECK_FALSE(set.wait_any(0s).has_value());
    p.promises[0].set_value(1);
    CHECK(set.wait_any(1h)->index == 0);
  }
  CHECK(loop.blocked == 0);
}

TEST_CASE("a set that goes drops its futures, neither blocks nor cancels, and leaves no waiter behind",
          "[completion_set]") {
  const heddle_test::deadline limit;
  heddle_test::life_counts counts;
  heddle_test::gate busy;
  heddle::thread_pool_executor pool{{.max_workers = 1}};
  std::atomic<int> ran{0};
  std::array<promise<heddle_test::tracked>, 3> promises;
  {
    completion_set<heddle_test::tracked> set;
    heddle_test::occupy(pool, busy);
    for (auto& each : promises) set.add(each.get_future());
    for (int i = 0; i < 2; ++i) set.add(pool.submit([&] { return ++ran, heddle_test::tracked(counts); }));
    promises[0].set_value(counts);
    promises[1].set_value(counts);
    static_cast<void>(set.wait_any());
  }
  promises[2].set_value(counts);
  busy.open();
  pool.shutdown();
  CHECK(ran == 2);
  promises = {};
  CHECK(counts.alive == 0);
}

TEST_CASE("a result is its owner's alone once it was handed out", "[completion_set]") {
  heddle_test::life_counts counts;
  completion_set<heddle_test::tracked> set;
  for (int i = 0; i < 2; ++i) {
    promise<heddle_test::tracked> p;
    set.add(p.get_future());
    p.set_value(counts);
  }
  CHECK(counts.alive == 2);
  {
    const auto taken = set.wait_any();
  }
  CHECK(counts.alive == 1);
}

TEST_CASE("a set that does not grow takes no memory for what is added", "[completion_set][allocation]") {
  completion_set<int> set;
  promised p(100);
  for (std::size_t i = 0; i < 50; ++i) set.add(std::move(p.futures[i]));
  const std::size_t allocations = heddle_test::allocations_in([&] {
    for (std::size_t i = 50; i < 100; ++i) {
      p.promises[i - 50].set_value(1);
      static_cast<void>(set.wait_any());
      set.add(std::move(p.futures[i]));
    }
  });
  CHECK(allocations == 0);
  CHECK(set.size() == 50);
}
