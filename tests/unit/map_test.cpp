// SPDX-License-Identifier: MIT
// Maps that wait, time out and end before they were read: what needs an executor of a known kind. What every executor
// promises is in conformance/map_test.cpp.
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <heddle/errors.hpp>
#include <heddle/executor.hpp>
#include <heddle/inline_executor.hpp>
#include <heddle/thread_pool_executor.hpp>
#include <memory>
#include <numeric>
#include <ranges>
#include <string>
#include <support/allocation_count.hpp>
#include <support/catch.hpp>
#include <support/counted_input.hpp>
#include <support/deadline.hpp>
#include <support/gate.hpp>
#include <support/own_executor.hpp>
#include <support/tracked.hpp>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::Equals;
using heddle::map_options;
using heddle::thread_pool_executor;
using heddle_test::counted_input;
using heddle_test::gate;
using heddle_test::hand_executor;
using heddle_test::life_counts;
using heddle_test::occupy;
using heddle_test::tracked;

namespace {

int unchanged(int value) { return value; }

std::vector<int> first_numbers(int end) {
  std::vector<int> numbers(static_cast<std::size_t>(end));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

/// What reading an element that is not done in time says.
template <class Results>
std::string timeout_text(Results& results) {
  try {
    static_cast<void>(*results.begin());
  } catch (const heddle::map_timeout_error& error) {
    return error.what();
  }
  return "no timeout";
}

}  // namespace

static_assert(std::is_base_of_v<heddle::timeout_error, heddle::map_timeout_error>);
static_assert(std::is_trivially_copyable_v<map_options>);

// ---- timeouts

TEST_CASE("a map whose timeout passes cancels all that is unread and is over for ever", "[map][timeout]") {
  const heddle_test::deadline limit;
  const map_options options = GENERATE(map_options{.timeout = 2ms}, map_options{.timeout = 2ms, .chunksize = 2},
                                       map_options{.timeout = 2ms, .buffersize = 3},
                                       map_options{.timeout = 0s, .chunksize = 2, .buffersize = 2});
  life_counts callable;
  gate busy;
  std::atomic<int> ran{0};
  thread_pool_executor pool({.max_workers = 1});
  occupy(pool, busy);
  auto results = pool.map([&, held = tracked(callable)](int) { return ++ran; }, options, first_numbers(5));
  auto at = results.begin();
  CHECK_THROWS_AS(*at, heddle::map_timeout_error);
  CHECK(callable.alive == 0);
  CHECK(at == results.end());
  CHECK(results.begin() == results.end());
  CHECK(results.size() == 0);
  ++at;
  CHECK(at == results.end());
  busy.open();
  pool.shutdown();
  CHECK(ran == 0);
}

TEST_CASE("what is done is given after the timeout too", "[map][timeout]") {
  const map_options options = GENERATE(map_options{.timeout = 0s}, map_options{.timeout = -1s, .chunksize = 3},
                                       map_options{.timeout = 1ns, .buffersize = 3});
  hand_executor hand;
  auto results = hand.map(unchanged, options, first_numbers(5));
  hand.run(options.chunksize == 1 ? 3 : 1);
  auto at = results.begin();
  for (int i = 0; i < 3; ++i, ++at) CHECK(*at == i);
  CHECK_THROWS_AS(*at, heddle::map_timeout_error);
  CHECK(at == results.end());
}

TEST_CASE("a map that timed out says how many results were unread", "[map][timeout]") {
  hand_executor hand;
  auto all = hand.map(unchanged, {.timeout = 0s}, first_numbers(5));
  hand.run(2);
  ++all.begin();
  ++all.begin();
  CHECK_THAT(timeout_text(all), ContainsSubstring("3 (of 5) results were unread"));
  int read = 0;
  auto chunks = hand.map(std::plus<>(), {.timeout = 0s, .chunksize = 4}, counted_input(read), first_numbers(6));
  CHECK_THAT(timeout_text(chunks), ContainsSubstring("6 (of 6)"));
  auto known = hand.map(unchanged, {.timeout = 0s, .buffersize = 2}, first_numbers(7));
  CHECK_THAT(timeout_text(known), ContainsSubstring("7 (of 7)"));
  auto endless = hand.map(unchanged, {.timeout = 0s, .buffersize = 2}, counted_input(read));
  ++endless.begin();
  CHECK_THAT(timeout_text(endless), ContainsSubstring("results read by then: 1"));
}

TEST_CASE("a timeout is counted from the call of map() on", "[map][timeout][timing]") {
  const heddle_test::deadline limit;
  gate busy;
  thread_pool_executor pool({.max_workers = 1});
  occupy(pool, busy);
  auto results = pool.map(unchanged, {.timeout = 300ms}, first_numbers(2));
  std::this_thread::sleep_for(300ms);
  const auto begun = std::chrono::steady_clock::now();
  CHECK_THAT(timeout_text(results), ContainsSubstring("2 (of 2)"));
  CHECK(std::chrono::steady_clock::now() - begun < 150ms);
  busy.open();
}

TEST_CASE("a timeout that does not pass is not noticed", "[map][timeout]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool({.max_workers = 2});
  int sum = 0;
  for (const int each : pool.map(unchanged, {.timeout = 1h}, first_numbers(100))) sum += each;
  for (const int each : pool.map(unchanged, {.timeout = std::chrono::duration<double>(1e300)}, first_numbers(100))) {
    sum += each;
  }
  CHECK(sum == 9900);
}

TEST_CASE("a settled map gives its timeout as the last element", "[map][timeout]") {
  hand_executor hand;
  auto results = hand.map_settled(unchanged, {.timeout = 0s}, first_numbers(5));
  hand.run(2);
  CHECK(results.size() == 5);
  std::vector<heddle::settled<int>> kept;
  for (auto& each : results) {
    kept.push_back(each);
    if (kept.size() == 3) CHECK(results.size() == 1);
  }
  REQUIRE(kept.size() == 3);
  CHECK(kept[1].value() == 1);
  CHECK_THROWS_AS(kept[2].value(), heddle::map_timeout_error);
  CHECK(results.size() == 0);
  CHECK(results.begin() == results.end());
  hand.run_all();
}

// ---- the end before the end

TEST_CASE("closing a map cancels what has not begun", "[map][close]") {
  std::atomic<int> ran{0};
  const auto count = [&](int i) { return ++ran, i; };
  hand_executor hand;
  const auto check = [&](auto results) {
    ran = 0;
    hand.run(1);
    const int begun = ran;
    CHECK(begun > 0);
    results.close();
    CHECK(results.size() == 0);
    CHECK(results.begin() == results.end());
    hand.run_all();
    CHECK(ran == begun);
  };
  check(hand.map(count, first_numbers(6)));
  check(hand.map(count, {.timeout = 1h}, first_numbers(6)));
  check(hand.map(count, {.chunksize = 2}, first_numbers(6)));
  check(hand.map(count, {.chunksize = 2, .buffersize = 2}, first_numbers(6)));
  check(hand.map_settled(count, {.buffersize = 2}, first_numbers(6)));
}

TEST_CASE("dropping a map with options, or assigning to it, cancels what has not begun", "[map][close]") {
  int sum = 0;
  const auto add = [&](int i) { return sum += i; };
  hand_executor hand;
  for (const map_options& options : {map_options{.timeout = 1h}, {.chunksize = 2}, {.buffersize = 3}}) {
    sum = 0;
    auto results = hand.map(add, options, std::vector<int>{1, 2, 3});
    {
      auto others = hand.map(add, options, std::vector<int>{10, 20, 30});
      const auto dropped = hand.map(add, options, std::vector<int>{100, 200, 300});
      results = std::move(others);
      CHECK(others.size() == 0);
      CHECK(others.begin() == others.end());
    }
    auto& other_name = results;
    results = std::move(other_name);
    CHECK(results.size() == 3);
    hand.run_all();
    CHECK(sum == 60);
    CHECK(*results.begin() == 10);
  }
}

TEST_CASE("elements of a chunk that has begun are not called when the map has ended", "[map][close]") {
  const heddle_test::deadline limit;
  gate inside;
  life_counts counts;
  std::atomic<int> ran{0};
  thread_pool_executor pool({.max_workers = 1});
  {
    auto results = pool.map(
        [&](int i) {
          if (i == 2) inside.pass();
          ++ran;
          return std::make_unique<tracked>(counts);
        },
        {.chunksize = 100}, first_numbers(200));
    inside.wait_until_reached();
  }
  inside.open();
  pool.shutdown();
  CHECK(ran == 3);
  CHECK(counts.alive == 0);
}

TEST_CASE("each element of a chunk that was cancelled is cancelled", "[map]") {
  const heddle_test::deadline limit;
  gate busy;
  thread_pool_executor pool({.max_workers = 1});
  occupy(pool, busy);
  auto results = pool.map_settled(unchanged, {.chunksize = 2}, first_numbers(3));
  pool.shutdown(heddle::pending_jobs::cancel, heddle::join_workers::no);
  int cancelled = 0;
  for (auto& each : results) {
    CHECK_THROWS_AS(each.value(), heddle::cancelled_error);
    ++cancelled;
  }
  CHECK(cancelled == 3);
  busy.open();
}

TEST_CASE("elements may be skipped while their calls run", "[map]") {
  hand_executor hand;
  for (const map_options& options : {map_options{.timeout = 1h}, {.chunksize = 2}, {.chunksize = 2, .buffersize = 1}}) {
    auto results = hand.map(unchanged, options, first_numbers(6));
    auto at = results.begin();
    for (int i = 0; i < 3; ++i) ++at;
    CHECK(results.size() == 3);
    hand.run_all();
    for (int i = 3; i < 6; ++i, ++at) {
      hand.run_all();
      CHECK(*at == i);
    }
    CHECK(at == results.end());
  }
}

TEST_CASE("a map with a buffer submits no more than that", "[map][buffer]") {
  hand_executor hand;
  auto results = hand.map(unchanged, {.buffersize = 3}, std::views::iota(0));
  CHECK(hand.waiting() == 3);
  hand.run(2);
  CHECK(hand.waiting() == 1);
  auto at = results.begin();
  CHECK(*at == 0);
  CHECK(hand.waiting() == 2);
  ++at;
  CHECK(hand.waiting() == 2);
  CHECK(*at == 1);
  CHECK(hand.waiting() == 3);
}

TEST_CASE("a map with a buffer whose executor was shut down while it was read loses nothing", "[map][buffer]") {
  hand_executor hand;
  auto results = hand.map(unchanged, {.chunksize = 2, .buffersize = 2}, std::views::iota(0));
  hand.run_all();
  auto at = results.begin();
  CHECK(*at == 0);
  hand.shut_down();
  hand.run_all();
  for (int i = 1; i < 6; ++i) CHECK(*++at == i);
  ++at;
  CHECK(at != results.end());
  ++at;  // the error was not read
  CHECK(at == results.end());
}

// ---- waiting

TEST_CASE("a worker reads maps on its own pool of one", "[map][waiting]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool({.max_workers = 1});
  const auto sum_of = [&pool](const map_options& options) {
    int sum = 0;
    for (const int each : pool.map(unchanged, options, first_numbers(10))) sum += each;
    return sum;
  };
  for (const map_options& options :
       {map_options{}, {.chunksize = 3}, {.buffersize = 2}, {.chunksize = 4, .buffersize = 1}}) {
    CHECK(pool.submit(sum_of, options).result() == 45);
  }
}

TEST_CASE("a map with a buffer keeps the view of a pool that it was called on", "[map][buffer][priority]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool({.max_workers = 2});
  using heddle::priority;
  int sum = 0;
  for (const int each : pool.with(priority::high).map(unchanged, {.buffersize = 2}, first_numbers(10))) sum += each;
  for (const int each : heddle::map(pool.with(priority::background), unchanged, {.buffersize = 2}, first_numbers(10))) {
    sum += each;
  }
  const auto view = pool.with(priority::normal);
  for (const auto& each : view.map_settled(unchanged, {.buffersize = 2}, first_numbers(10))) sum += each.value();
  CHECK(sum == 135);
}

TEST_CASE("options that do not bound a map cost no allocation", "[map]") {
  heddle::inline_executor here;
  const std::vector<int> input = first_numbers(100);
  {
    const auto first = here.map(unchanged, input);
  }  // from here on the thread has blocks of memory for the calls
  const auto plain = heddle_test::allocations_in([&] { auto results = here.map(unchanged, input); });
  const auto timed = heddle_test::allocations_in([&] { auto results = here.map(unchanged, {.timeout = 5s}, input); });
  CHECK(timed == plain);
}
