// SPDX-License-Identifier: MIT
// The order of map_unordered(), its waits and its early ends: what needs an executor of a known kind. What every
// executor promises is in conformance/map_unordered_test.cpp.
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <heddle/errors.hpp>
#include <heddle/executor.hpp>
#include <heddle/inline_executor.hpp>
#include <heddle/manual_executor.hpp>
#include <heddle/thread_pool_executor.hpp>
#include <memory>
#include <ranges>
#include <string>
#include <support/allocation_count.hpp>
#include <support/catch.hpp>
#include <support/counted_input.hpp>
#include <support/deadline.hpp>
#include <support/gate.hpp>
#include <support/own_executor.hpp>
#include <support/tracked.hpp>
#include <support/waiting_threads.hpp>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::Equals;
using heddle::manual_executor;
using heddle::map_options;
using heddle::thread_pool_executor;
using heddle_test::blocked_in;
using heddle_test::counted_input;
using heddle_test::gate;
using heddle_test::hand_executor;
using heddle_test::life_counts;
using heddle_test::occupy;
using heddle_test::sleeps_in;
using heddle_test::tracked;

namespace {

int itself(int value) { return value; }

auto numbers_up_to(int end) { return std::views::iota(0, end); }

template <class Results>
std::vector<int> next_of(Results& results, int count) {
  std::vector<int> given;
  auto at = results.begin();
  for (; count != 0; --count, ++at) given.push_back(*at);
  return given;
}

/// What reading an element that is not done in time says.
template <class Results>
std::string text_at_timeout(Results& results) {
  try {
    static_cast<void>(*results.begin());
  } catch (const heddle::map_timeout_error& error) {
    return error.what();
  }
  return "no timeout";
}

}  // namespace

// ---- the order

TEST_CASE("an unordered map gives results in the order in which calls end", "[map_unordered]") {
  manual_executor newest_first{{.order = heddle::manual_order::lifo}};
  auto results = newest_first.map_unordered(itself, numbers_up_to(5));
  newest_first.run_one();
  newest_first.run_one();
  CHECK_THAT(next_of(results, 2), Equals(std::vector<int>{4, 3}));
  newest_first.run_all();
  CHECK(results.index() == 2);
  CHECK_THAT(next_of(results, 3), Equals(std::vector<int>{2, 1, 0}));
  CHECK(results.begin() == results.end());

  auto chunks = newest_first.map_unordered(itself, {.chunksize = 2}, numbers_up_to(5));
  newest_first.run_all();
  CHECK_THAT(next_of(chunks, 5), Equals(std::vector<int>{4, 2, 3, 0, 1}));
  CHECK(chunks.begin() == chunks.end());
}

TEST_CASE("what is done when the buffer is filled comes after what was done before", "[map_unordered]") {
  heddle::inline_executor here;
  auto results = here.map_unordered(itself, {.buffersize = 3}, numbers_up_to(6));
  CHECK_THAT(next_of(results, 6), Equals(std::vector<int>{0, 1, 2, 3, 4, 5}));
}

TEST_CASE("a call that takes long keeps no other result waiting", "[map_unordered]") {
  const heddle_test::deadline limit;
  const map_options options = GENERATE(map_options{}, map_options{.timeout = 1h}, map_options{.buffersize = 2},
                                       map_options{.chunksize = 3}, map_options{.chunksize = 3, .buffersize = 2});
  gate straggler;
  thread_pool_executor pool({.max_workers = 2});
  auto results = pool.map_unordered(
      [&](int i) {
        if (i == 0) straggler.pass();
        return i;
      },
      options, numbers_up_to(300));
  straggler.wait_until_reached();
  const int with_it = static_cast<int>(options.chunksize);
  auto at = results.begin();
  for (int i = with_it; i < 300; ++i, ++at) CHECK(*at >= with_it);
  CHECK(results.size() == options.chunksize);
  straggler.open();
  CHECK(*at == 0);
  CHECK(results.index() == 0);
}

TEST_CASE("a buffer without end goes on beside a call that takes long", "[map_unordered][buffer]") {
  const heddle_test::deadline limit;
  gate straggler;
  thread_pool_executor pool({.max_workers = 2});
  {
    auto results = pool.map_unordered(
        [&](int i) {
          if (i == 0) straggler.pass();
          return i;
        },
        {.buffersize = 4}, std::views::iota(0));
    for (const int each : results) {
      if (each == 5000) break;
      CHECK(each != 0);
    }
  }
  straggler.open();
}

TEST_CASE("reading an unordered map with a buffer costs no allocation of its own", "[map_unordered][buffer]") {
  heddle::inline_executor here;
  auto results = here.map_unordered(itself, {.buffersize = 10}, std::views::iota(0));
  auto at = results.begin();
  for (int i = 0; i < 20; ++i, ++at) static_cast<void>(*at);
  CHECK(heddle_test::allocations_in([&] {
          for (int i = 0; i < 1000; ++i, ++at) static_cast<void>(*at);
        }) == 0);
}

// ---- timeouts

TEST_CASE("an unordered map whose timeout passes cancels all that is unread and is over for ever",
          "[map_unordered][timeout]") {
  const heddle_test::deadline limit;
  const map_options options = GENERATE(map_options{.timeout = 2ms}, map_options{.timeout = 2ms, .chunksize = 2},
                                       map_options{.timeout = 2ms, .buffersize = 3},
                                       map_options{.timeout = 0s, .chunksize = 2, .buffersize = 2});
  const bool by_moving_on = GENERATE(false, true);
  life_counts callable;
  gate busy;
  std::atomic<int> ran{0};
  thread_pool_executor pool({.max_workers = 1});
  occupy(pool, busy);
  auto results = pool.map_unordered([&, held = tracked(callable)](int) { return ++ran; }, options, numbers_up_to(5));
  auto at = results.begin();
  if (by_moving_on) {
    CHECK_THROWS_AS(++at, heddle::map_timeout_error);
  } else {
    CHECK_THROWS_AS(*at, heddle::map_timeout_error);
  }
  CHECK(callable.alive == 0);
  CHECK(at == results.end());
  CHECK(results.begin() == results.end());
  CHECK(results.size() == 0);
  ++at;
  CHECK(at == results.end());
  CHECK_THROWS_AS(results.index(), heddle::invalid_state_error);
  busy.open();
  pool.shutdown();
  CHECK(ran == 0);
}

TEST_CASE("what is done of an unordered map is given after the timeout too", "[map_unordered][timeout]") {
  const map_options options = GENERATE(map_options{.timeout = 0s}, map_options{.timeout = -1s, .chunksize = 3},
                                       map_options{.timeout = 1ns, .buffersize = 3});
  hand_executor hand;
  auto results = hand.map_unordered(itself, options, numbers_up_to(5));
  hand.run(options.chunksize == 1 ? 3 : 1);
  CHECK_THAT(next_of(results, 3), Equals(std::vector<int>{0, 1, 2}));
  CHECK_THROWS_AS(results.index(), heddle::map_timeout_error);
  CHECK(results.begin() == results.end());
}

TEST_CASE("an unordered map that timed out says how many results were unread", "[map_unordered][timeout]") {
  hand_executor hand;
  auto all = hand.map_unordered(itself, {.timeout = 0s}, numbers_up_to(5));
  hand.run(2);
  static_cast<void>(next_of(all, 2));
  CHECK_THAT(text_at_timeout(all), ContainsSubstring("3 (of 5) results were unread"));
  int read = 0;
  auto chunks =
      hand.map_unordered(std::plus<>(), {.timeout = 0s, .chunksize = 4}, counted_input(read), numbers_up_to(6));
  CHECK_THAT(text_at_timeout(chunks), ContainsSubstring("6 (of 6)"));
  auto known = hand.map_unordered(itself, {.timeout = 0s, .buffersize = 2}, numbers_up_to(7));
  CHECK_THAT(text_at_timeout(known), ContainsSubstring("7 (of 7)"));
}

TEST_CASE("the timeout of an unordered map is counted from its call on", "[map_unordered][timeout][timing]") {
  const heddle_test::deadline limit;
  gate busy;
  thread_pool_executor pool({.max_workers = 1});
  occupy(pool, busy);
  auto results = pool.map_unordered(itself, {.timeout = 300ms}, numbers_up_to(2));
  std::this_thread::sleep_for(300ms);
  const auto begun = std::chrono::steady_clock::now();
  CHECK_THAT(text_at_timeout(results), ContainsSubstring("2 (of 2)"));
  CHECK(std::chrono::steady_clock::now() - begun < 150ms);
  busy.open();
}

// ---- the end before the end

TEST_CASE("closing, dropping or assigning to an unordered map cancels what has not begun", "[map_unordered][close]") {
  const map_options options = GENERATE(map_options{}, map_options{.chunksize = 2}, map_options{.buffersize = 3},
                                       map_options{.chunksize = 2, .buffersize = 2});
  int sum = 0;
  const auto add = [&](int i) { return sum += i; };
  hand_executor hand;
  auto results = hand.map_unordered(add, options, std::vector<int>{1, 2, 3});
  {
    auto others = hand.map_unordered(add, options, std::vector<int>{10, 20, 30});
    auto closed = hand.map_unordered(add, options, std::vector<int>{100, 200, 300});
    const auto dropped = hand.map_unordered(add, options, std::vector<int>{1000, 2000, 3000});
    results = std::move(others);
    CHECK(others.size() == 0);
    CHECK(others.begin() == others.end());
    closed.close();
    CHECK(closed.size() == 0);
  }
  auto& other_name = results;
  results = std::move(other_name);
  CHECK(results.size() == 3);
  hand.run_all();
  CHECK(sum == 60);
  CHECK(*results.begin() == 10);
}

TEST_CASE("elements of a chunk that has begun are not called when the unordered map has ended",
          "[map_unordered][close]") {
  const heddle_test::deadline limit;
  gate inside;
  life_counts counts;
  std::atomic<int> ran{0};
  thread_pool_executor pool({.max_workers = 1});
  {
    auto results = pool.map_unordered(
        [&](int i) {
          if (i == 2) inside.pass();
          ++ran;
          return std::make_unique<tracked>(counts);
        },
        {.chunksize = 100}, numbers_up_to(200));
    inside.wait_until_reached();
  }
  inside.open();
  pool.shutdown();
  CHECK(ran == 3);
  CHECK(counts.alive == 0);
}

TEST_CASE("an unordered map gives what was cancelled as errors", "[map_unordered]") {
  const heddle_test::deadline limit;
  const map_options options = GENERATE(map_options{}, map_options{.chunksize = 2});
  gate busy;
  thread_pool_executor pool({.max_workers = 1});
  occupy(pool, busy);
  auto results = pool.map_unordered(itself, options, numbers_up_to(3));
  pool.shutdown(heddle::pending_jobs::cancel, heddle::join_workers::no);
  int cancelled = 0;
  for (auto at = results.begin(); at != results.end(); ++at, ++cancelled) CHECK_THROWS_AS(*at, heddle::cancelled_error);
  CHECK(cancelled == 3);
  busy.open();
}

TEST_CASE("moving on without reading waits for the next result and leaves it out", "[map_unordered]") {
  const heddle_test::deadline limit;
  for (const map_options& options : {map_options{}, {.chunksize = 2}, {.chunksize = 2, .buffersize = 1}}) {
    hand_executor hand;
    auto results = hand.map_unordered(itself, options, numbers_up_to(6));
    std::thread other = blocked_in([&] { ++results.begin(); });
    hand.run(1);
    other.join();
    CHECK(results.size() == 5);
    hand.run_all();
    for (int i = 1; i < 6; ++i) {
      hand.run_all();
      CHECK(results.index() == static_cast<std::size_t>(i));
      ++results.begin();
    }
    CHECK(results.begin() == results.end());
  }
}

TEST_CASE("an unordered map with a buffer submits no more than that", "[map_unordered][buffer]") {
  manual_executor newest_first{{.order = heddle::manual_order::lifo}};
  auto results = newest_first.map_unordered(itself, {.buffersize = 3}, std::views::iota(0));
  CHECK(newest_first.pending() == 3);
  newest_first.run_one();
  CHECK(newest_first.pending() == 2);
  auto at = results.begin();
  CHECK(*at == 2);
  CHECK(newest_first.pending() == 3);
  ++at;
  CHECK(newest_first.pending() == 3);
  newest_first.run_one();
  CHECK(*at == 3);
  CHECK(newest_first.pending() == 3);
}

// ---- waiting

TEST_CASE("an unordered map wakes its reader", "[map_unordered]") {
  const heddle_test::deadline limit;
  hand_executor hand;
  auto results = hand.map_unordered(itself, numbers_up_to(2));
  std::thread other = blocked_in([&] { CHECK(*results.begin() == 0); });
  hand.run(1);
  other.join();
  CHECK_FALSE(sleeps_in([&] { CHECK(*results.begin() == 0); }));
}

TEST_CASE("all workers of a pool read unordered maps on it at the same time", "[map_unordered][waiting]") {
  const heddle_test::deadline limit;
  const std::size_t workers = GENERATE(1U, 2U, 3U);
  const std::size_t stand_ins = GENERATE(0U, 8U);
  thread_pool_executor pool({.max_workers = workers, .max_stand_ins = stand_ins});
  const auto sum_of = [&pool](const map_options& options) {
    int sum = 0;
    for (const int each : pool.map_unordered(itself, options, numbers_up_to(50))) sum += each;
    return sum;
  };
  const std::vector<map_options> options{
      {}, {.chunksize = 3}, {.buffersize = 2}, {.chunksize = 4, .buffersize = 1}, {.buffersize = 100}};
  for (const int each : pool.map_unordered(sum_of, options)) CHECK(each == 1225);
}

TEST_CASE("an event loop may read what is done of an unordered map but not wait for the rest", "[map_unordered]") {
  const heddle_test::deadline limit;
  heddle_test::loop_context loop;
  hand_executor hand;
  auto results = hand.map_unordered(itself, numbers_up_to(3));
  hand.run(1);
  {
    const heddle::sync::scoped_context installed(loop);
    auto at = results.begin();
    CHECK(*at == 0);
    ++at;
    CHECK_THROWS_AS(*at, heddle::invalid_state_error);
    CHECK_THROWS_AS(++at, heddle::invalid_state_error);
    hand.run(1);
    CHECK(*at == 1);
  }
  CHECK(results.size() == 2);
}

TEST_CASE("an unordered map with a buffer keeps the view of a pool that it was called on",
          "[map_unordered][buffer][priority]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool({.max_workers = 2});
  using heddle::priority;
  int sum = 0;
  for (const int each : pool.with(priority::high).map_unordered(itself, {.buffersize = 2}, numbers_up_to(10))) {
    sum += each;
  }
  const auto view = pool.with(priority::background);
  for (const int each : heddle::map_unordered(view, itself, {.buffersize = 2}, numbers_up_to(10))) sum += each;
  CHECK(sum == 90);
}
