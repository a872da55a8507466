// SPDX-License-Identifier: MIT
#include <heddle/as_completed.hpp>
#include <heddle/errors.hpp>
#include <heddle/future.hpp>
#include <heddle/inline_executor.hpp>
#include <heddle/shared_future.hpp>
#include <heddle/thread_pool_executor.hpp>

#include <algorithm>
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
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/tracked.hpp>
#include <support/waiting_threads.hpp>

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using heddle::as_completed;
using heddle::future;
using heddle::promise;
using heddle::shared_future;
using heddle_test::blocked_in;
using heddle_test::failure;
using heddle_test::promised;
using heddle_test::sleeps_in;
using indices = std::vector<std::size_t>;

namespace {

/// The places in `all` of what `read` gives.
template <class Read, class Futures>
indices order_of(Read&& read, const Futures& all) {
  indices order;
  for (const auto& each : read) {
    std::size_t at = 0;
    for (const auto& one : all) {
      if (&one == &each) order.push_back(at);
      ++at;
    }
  }
  return order;
}

std::vector<future<int>> three_results() {
  std::vector<future<int>> made;
  for (int i = 1; i <= 3; ++i) made.push_back(heddle::inline_executor().submit([i] { return i; }));
  return made;
}

}  // namespace

// ---- in which order

TEST_CASE("futures that are done come first, in the order of the range, then the others as they are done",
          "[as_completed]") {
  const heddle_test::deadline limit;
  promised p(6);
  p.promises[5].set_value(1);
  p.futures[2].cancel();
  p.promises[3].set_exception(failure());
  indices order;
  std::thread reader = blocked_in([&] { order = order_of(as_completed(p.futures), p.futures); });
  p.promises[4].set_value(1);
  p.futures[0].cancel();
  p.promises.erase(p.promises.begin() + 1);
  reader.join();
  CHECK(order == indices{2, 3, 5, 4, 0, 1});
}

TEST_CASE("what is done between two reads comes in the order in which it was done", "[as_completed]") {
  const heddle_test::deadline limit;
  promised p(4);
  auto read = as_completed(p.futures);
  for (const std::size_t i : {3U, 1U, 2U, 0U}) p.promises[i].set_value(1);
  CHECK_FALSE(sleeps_in([&] { CHECK(order_of(read, p.futures) == indices{3, 1, 2, 0}); }));
}

TEST_CASE("each result is read once, and the first future that has it is meant", "[as_completed]") {
  promised p(2);
  p.promises[1].set_value(1);
  p.futures[0].cancel();
  future<int>* const twice[] = {&p.futures[1], &p.futures[0], &p.futures[1], &p.futures[1]};
  CHECK(order_of(as_completed(twice), p.futures) == indices{1, 0});
  const shared_future<int> one = std::move(p.futures[1]).share();
  const shared_future<int> other = std::move(p.futures[0]).share();
  const std::array<shared_future<int>, 4> owners{one, one, other, one};
  CHECK(order_of(as_completed(owners), owners) == indices{0, 2});
}

TEST_CASE("nothing of what the calls throw is thrown by reading", "[as_completed]") {
  promised p(1);
  p.promises[0].set_exception(failure());
  for (future<int>& each : as_completed(p.futures)) CHECK_THROWS_AS(each.result(), std::runtime_error);
}

TEST_CASE("reading nothing ends at once", "[as_completed]") {
  const heddle_test::deadline limit;
  std::vector<future<int>> none;
  CHECK(order_of(as_completed(none), none).empty());
  CHECK(order_of(as_completed(none, 0s), none).empty());
}

// ---- the range

TEST_CASE("what as_completed returns is a single-pass range of references", "[as_completed]") {
  promised p(3);
  for (auto& each : p.promises) each.set_value(1);
  auto read = as_completed(p.futures);
  STATIC_REQUIRE(std::ranges::input_range<decltype(read)>);
  STATIC_REQUIRE(std::is_same_v<decltype(*read.begin()), future<int>&>);
  CHECK(read.size() == 3);
  auto at = read.begin();
  CHECK(&*at == &*at);
  CHECK(at->result() == 1);
  CHECK(&*read.begin() == &p.futures[0]);
  at++;
  CHECK(&*read.begin() == &p.futures[1]);
  CHECK(read.size() == 2);
  ++at;
  ++at;
  CHECK(read.size() == 0);
  CHECK(at == read.end());
}

TEST_CASE("a future that is passed over has been waited for", "[as_completed]") {
  const heddle_test::deadline limit;
  promised p(2);
  auto read = as_completed(p.futures);
  auto at = read.begin();
  std::thread reader = blocked_in([&] { ++at; });
  p.promises[1].set_value(1);
  reader.join();
  CHECK(read.size() == 1);
  p.promises[0].set_value(1);
  CHECK(&*at == &p.futures[0]);
}

TEST_CASE("views and algorithms take what as_completed returns", "[as_completed]") {
  promised p(3);
  p.promises[2].set_value(5);
  p.promises[0].set_value(3);
  auto read = as_completed(p.futures);
  CHECK(order_of(read | std::views::take(2), p.futures) == indices{0, 2});
  auto again = as_completed(p.futures);
  CHECK(std::ranges::find_if(again, [](future<int>& f) { return f.result() == 5; })->result() == 5);
}

TEST_CASE("an rvalue is kept, an lvalue referred to", "[as_completed]") {
  int sum = 0;
  for (future<int>& each : as_completed(three_results())) sum += each.result();
  CHECK(sum == 6);
  heddle::thread_pool_executor pool{{.max_workers = 2}};
  for (auto& each : as_completed(pool.submit_bulk([](int i) { return i; }, std::vector{4, 5}), 1h)) {
    sum += std::move(each).result();
  }
  CHECK(sum == 15);
  std::vector<future<int>> kept = three_results();
  for (future<int>& each : as_completed(kept)) static_cast<void>(std::move(each).result());
  for (const future<int>& each : kept) CHECK_FALSE(each.valid());
}

TEST_CASE("as_completed takes what wait takes", "[as_completed]") {
  std::vector<future<int>> made = three_results();
  const auto sum_of = [](auto&& read) {
    int sum = 0;
    for (const auto& each : read) sum += each.result();
    return sum;
  };
  CHECK(sum_of(as_completed(std::span(made))) == 6);
  CHECK(sum_of(as_completed(std::as_const(made))) == 6);
  CHECK(sum_of(as_completed(made | std::views::drop(1))) == 5);
  CHECK(sum_of(as_completed(made | std::views::take_while([&](auto& f) { return &f != &made[1]; }))) == 1);
  CHECK(sum_of(as_completed(made | std::views::filter([](auto& f) { return f.result() != 2; }))) == 4);
  CHECK(sum_of(as_completed(std::list<std::reference_wrapper<const future<int>>>{made[0], made[1]})) == 3);
  CHECK(sum_of(as_completed(std::vector<future<int>*>{&made[0], &made[2]})) == 4);
  std::vector<std::unique_ptr<future<int>>> owners;
  owners.push_back(std::make_unique<future<int>>(std::move(made[0])));
  CHECK(sum_of(as_completed(std::move(owners))) == 1);
  CHECK(sum_of(as_completed(std::vector{std::move(made[1]).share()})) == 2);
}

// ---- how long

TEST_CASE("a timeout that is over throws, says how many were unfinished, and ends the range",
          "[as_completed][timeout]") {
  const heddle_test::deadline limit;
  promised p(4);
  p.promises[3].set_value(1);
  p.promises[1].set_value(1);
  auto read = as_completed(p.futures, 5ms);
  auto at = read.begin();
  ++at;
  ++at;
  CHECK_THROWS_WITH(*at, ContainsSubstring("2 (of 4) futures unfinished"));
  CHECK(at == read.end());
  CHECK(read.size() == 0);
  CHECK(order_of(read, p.futures).empty());
  auto passed = as_completed(p.futures, 5ms);
  CHECK(passed.size() == 4);
  auto other = passed.begin();
  ++other;
  ++other;
  CHECK_THROWS_AS(++other, heddle::timeout_error);
  CHECK(other == passed.end());
}

TEST_CASE("what is done is read also when the timeout is over", "[as_completed][timeout]") {
  const heddle_test::deadline limit;
  promised p(3);
  p.promises[2].set_value(1);
  const auto reads_one = [&](heddle::sync::timeout timeout) {
    indices read;
    std::string what;
    CHECK_FALSE(sleeps_in([&] {
      try {
        for (future<int>& each : as_completed(p.futures, timeout)) read.push_back(&each == &p.futures[2] ? 2 : 0);
      } catch (const heddle::timeout_error& error) {
        what = error.what();
      }
    }));
    CHECK(read == indices{2});
    CHECK_THAT(what, ContainsSubstring("2 (of 3)"));
  };
  reads_one(0s);
  reads_one(-1h);
  reads_one(std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN()));
  auto read = as_completed(p.futures, 0s);
  p.promises[1].set_value(1);
  p.promises[0].set_value(1);
  CHECK(order_of(read, p.futures) == indices{2, 1, 0});
}

TEST_CASE("the timeout begins with the call", "[as_completed][timeout]") {
  const heddle_test::deadline limit;
  promised p(1);
  auto read = as_completed(p.futures, 20ms);
  const auto begin = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - begin < 20ms) std::this_thread::yield();
  std::this_thread::yield();
  while (std::chrono::steady_clock::now() - begin < 21ms) std::this_thread::yield();
  CHECK_FALSE(sleeps_in([&] { CHECK_THROWS_AS(*read.begin(), heddle::timeout_error); }));
}

TEST_CASE("a huge timeout reads for ever", "[as_completed][timeout]") {
  const heddle_test::deadline limit;
  promised p(1);
  std::thread reader =
      blocked_in([&] { CHECK(order_of(as_completed(p.futures, std::chrono::hours::max()), p.futures).size() == 1); });
  p.promises[0].set_value(1);
  reader.join();
}

// ---- what is left behind

TEST_CASE("an iteration that is given up leaves the futures alone and no waiter behind", "[as_completed]") {
  const heddle_test::deadline limit;
  promised p(4);
  p.promises[2].set_value(1);
  std::vector<int> called;
  for (int round = 0; round < 3; ++round) {
    for (future<int>& each : as_completed(p.futures)) {
      CHECK(&each == &p.futures[2]);
      break;
    }
    p.futures[0].add_done_callback([&, round] { called.push_back(round); });
  }
  {
    auto unread = as_completed(p.futures);
    p.promises[3].set_value(1);
  }
  p.promises[0].set_value(1);
  CHECK(called == std::vector<int>{0, 1, 2});
  CHECK(p.futures[3].result() == 1);
  CHECK_FALSE(p.futures[1].done());
  p.futures.erase(p.futures.begin() + 1);
  p.promises[1].set_value(1);
  CHECK(order_of(as_completed(p.futures), p.futures) == indices{0, 1, 2});
}

TEST_CASE("a result whose owner lets go of it as it is read is gone at once", "[as_completed]") {
  const heddle_test::deadline limit;
  heddle_test::life_counts counts;
  std::array<promise<heddle_test::tracked>, 2> promises;
  std::vector<future<heddle_test::tracked>> futures;
  for (auto& each : promises) futures.push_back(each.get_future());
  for (auto& each : promises) each.set_value(counts);
  promises = {};
  int alive = 2;
  for (auto& each : as_completed(futures)) {
    CHECK(counts.alive == alive--);
    each = {};
    CHECK(counts.alive == alive);
  }
  std::vector<shared_future<std::shared_ptr<int>>> owners;
  const auto value = std::make_shared<int>(1);
  owners.push_back(heddle::inline_executor().submit([value] { return value; }).share());
  for (auto& each : as_completed(owners)) each = {};
  CHECK(value.use_count() == 1);
}

// ---- misuse

// The nodes of those before it stayed in their lists, in memory that was freed.
TEST_CASE("a future without state is refused and leaves the others alone", "[as_completed][regression]") {
  promised p(3);
  p.futures[2] = future<int>();
  CHECK_THROWS_AS(as_completed(p.futures), heddle::invalid_state_error);
  std::list<future<int>*> pointers{&p.futures[0], &p.futures[1], &p.futures[2]};
  CHECK_THROWS_WITH(as_completed(pointers), ContainsSubstring("check valid()"));
  CHECK_THROWS_AS(as_completed(std::move(p.futures)), heddle::invalid_state_error);
  p.promises[0].set_value(1);
  p.promises[1].set_value(1);
}

TEST_CASE("an event loop may read what is done but not wait for the rest", "[as_completed]") {
  const heddle_test::deadline limit;
  heddle_test::loop_context loop;
  promised p(3);
  p.promises[1].set_value(1);
  {
    const heddle::sync::scoped_context installed(loop);
    auto read = as_completed(p.futures, 1h);
    auto at = read.begin();
    CHECK(&*at == &p.futures[1]);
    ++at;
    CHECK_THROWS_AS(*at, heddle::invalid_state_error);
    CHECK_THROWS_WITH(*at, ContainsSubstring("co_await"));
    p.promises[2].set_value(1);
    CHECK(&*at == &p.futures[2]);
    auto looks = as_completed(p.futures, 0s);
    CHECK_THROWS_AS(order_of(looks, p.futures), heddle::timeout_error);
  }
  CHECK(loop.blocked == 0);
}
