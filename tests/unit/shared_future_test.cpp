// SPDX-License-Identifier: MIT
#include <heddle/errors.hpp>
#include <heddle/future.hpp>
#include <heddle/inline_executor.hpp>
#include <heddle/shared_future.hpp>
#include <heddle/thread_pool_executor.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <support/allocation_count.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/fire_and_forget.hpp>
#include <support/tracked.hpp>
#include <support/waiting_threads.hpp>

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using heddle::future;
using heddle::promise;
using heddle::shared_future;
using heddle_test::fire_and_forget;

namespace {

fire_and_forget copy_result(shared_future<std::string> awaited, std::string& copy) {
  const std::string& got = co_await awaited;
  copy = got;
}

/// Awaits the only owner of a result, which goes meanwhile.
fire_and_forget copy_result_of_last(shared_future<std::string>& awaited, std::string& copy) {
  copy = co_await std::move(awaited);
}

fire_and_forget await_failure(shared_future<std::string> awaited, std::string& what) {
  try {
    static_cast<void>(co_await awaited);
  } catch (const std::exception& error) {
    what = error.what();
  }
}

}  // namespace

TEST_CASE("copies of a shared future share one result", "[shared_future]") {
  promise<std::string> p;
  future<std::string> f = p.get_future();
  const shared_future<std::string> one = std::move(f).share();
  CHECK_FALSE(f.valid());
  const shared_future<std::string> other = one;
  CHECK_FALSE(other.done());
  p.set_value("kept");
  CHECK(one.result() == "kept");
  CHECK(&one.result() == &other.result());
  CHECK(&one.result(0s) == &other.result(1h));
  STATIC_REQUIRE(std::is_same_v<decltype(one.result()), const std::string&>);
  STATIC_REQUIRE(std::is_same_v<decltype(std::declval<shared_future<int>>().result()), const int&>);
}

TEST_CASE("a shared future has the members of a future", "[shared_future]") {
  promise<int> p;
  shared_future<int> f = p.get_future();
  CHECK(f.valid());
  CHECK_FALSE((f.done() || f.running() || f.cancelled()));
  CHECK_FALSE(f.wait(1ms));
  CHECK_THROWS_AS(f.result(0s), heddle::timeout_error);
  CHECK_THROWS_AS(f.exception(1ms), heddle::timeout_error);
  static_cast<void>(p.set_running_or_notify_cancel());
  CHECK(f.running());
  CHECK_FALSE(f.cancel());
  p.set_exception(std::make_exception_ptr(std::runtime_error("failed")));
  CHECK(f.done());
  f.wait();
  CHECK(f.wait(0s));
  CHECK_THROWS_AS(f.result(), std::runtime_error);
  CHECK_THROWS_AS(f.result(1h), std::runtime_error);
  CHECK_THROWS_AS(std::rethrow_exception(f.exception()), std::runtime_error);
  CHECK(f.exception(0s) != nullptr);
}

TEST_CASE("to cancel one of its owners cancels the call for all", "[shared_future][cancel]") {
  promise<int> p;
  shared_future<int> one = p.get_future();
  const shared_future<int> other = one;
  CHECK(one.cancel());
  CHECK(other.cancelled());
  CHECK_THROWS_AS(other.result(), heddle::cancelled_error);
}

TEST_CASE("the last owner of a result lets go of it", "[shared_future]") {
  heddle_test::life_counts counts;
  promise<heddle_test::tracked> p;
  p.set_value(counts);
  auto first = p.get_future().share();
  p = {};
  std::optional copy = first;
  first = {};
  CHECK_FALSE(first.valid());
  CHECK(counts.alive == 1);
  shared_future<heddle_test::tracked> moved(std::move(*copy));
  CHECK_FALSE(copy->valid());
  copy.reset();
  CHECK(counts.alive == 1);
  const auto& same = moved;
  moved = same;
  CHECK(counts.alive == 1);
  moved = shared_future<heddle_test::tracked>();
  CHECK(counts.alive == 0);
}

TEST_CASE("a shared future without state is invalid and says what to do", "[shared_future]") {
  shared_future<int> f;
  CHECK_FALSE(f.valid());
  CHECK_FALSE(shared_future<int>(future<int>()).valid());
  CHECK_FALSE(future<int>().share().valid());
  CHECK_THROWS_AS(f.done(), heddle::invalid_state_error);
  CHECK_THROWS_AS(f.running(), heddle::invalid_state_error);
  CHECK_THROWS_AS(f.cancelled(), heddle::invalid_state_error);
  CHECK_THROWS_AS(f.cancel(), heddle::invalid_state_error);
  CHECK_THROWS_AS(f.result(), heddle::invalid_state_error);
  CHECK_THROWS_AS(f.result(0s), heddle::invalid_state_error);
  CHECK_THROWS_AS(f.exception(), heddle::invalid_state_error);
  CHECK_THROWS_AS(f.exception(0s), heddle::invalid_state_error);
  CHECK_THROWS_AS(f.wait(), heddle::invalid_state_error);
  CHECK_THROWS_AS(f.wait(0s), heddle::invalid_state_error);
  CHECK_THROWS_AS(f.add_done_callback([] {}), heddle::invalid_state_error);
  CHECK_THROWS_WITH(f.result(), ContainsSubstring("check valid()"));
  CHECK_THROWS_WITH(f.result(), ContainsSubstring("shared_future"));
}

TEST_CASE("results of shared futures may be void or references or const", "[shared_future]") {
  heddle::inline_executor pool;
  const shared_future<void> nothing = pool.submit([] {}).share();
  nothing.result();
  nothing.result(0s);
  int target = 0;
  const shared_future<int&> reference = pool.submit([&]() -> int& { return target; });
  reference.result() = 3;
  CHECK(target == 3);
  const shared_future<const int> constant = [] {
    promise<const int> p;
    p.set_value(4);
    return p.get_future();
  }();
  CHECK(constant.result() == 4);
}

TEST_CASE("threads may use their own copies at the same time, and const members of one", "[shared_future]") {
  const heddle_test::deadline limit;
  promise<std::string> p;
  const shared_future<std::string> f = p.get_future();
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&f, &right, own = f]() mutable {
      own.add_done_callback([&right] { ++right; });
      if (own.result() == "shared" && &f.result() == &own.result() && f.done()) ++right;
      own = {};
    });
  }
  p.set_value("shared");
  for (std::thread& each : threads) each.join();
  CHECK(right == 8);
}

TEST_CASE("callbacks of a shared future get the future that all share", "[shared_future]") {
  promise<int> p;
  shared_future<int> f = p.get_future();
  std::vector<int> seen;
  f.add_done_callback([&](const future<int>& done) { seen.push_back(done.result()); });
  f.add_done_callback([&seen, own = f] { seen.push_back(own.result() + 1); });
  f = {};
  p.set_value(1);
  CHECK(seen == std::vector{1, 2});
}

TEST_CASE("a coroutine that awaits a shared future keeps the result", "[shared_future][coroutine]") {
  promise<std::string> p;
  std::array<std::string, 3> copies;
  shared_future<std::string> f = p.get_future();
  copy_result(f, copies[0]);
  copy_result_of_last(f, copies[1]);
  f = {};
  p.set_value("a text that is too long for the string itself");
  promise<std::string> done;
  done.set_value("done");
  copy_result(done.get_future(), copies[2]);
  CHECK(copies[0] == "a text that is too long for the string itself");
  CHECK(copies[1] == copies[0]);
  CHECK(copies[2] == "done");

  promise<std::string> fails;
  std::string what;
  await_failure(fails.get_future(), what);
  fails.set_exception(std::make_exception_ptr(std::runtime_error("went wrong")));
  CHECK(what == "went wrong");
}

TEST_CASE("to share a future takes one allocation and to copy it none", "[shared_future][allocation]") {
  future<int> f = heddle::inline_executor().submit([] { return 1; });
  shared_future<int> shared;
  CHECK(heddle_test::allocations_in([&] { shared = std::move(f).share(); }) == 1);
  CHECK(heddle_test::allocations_in([&] { CHECK(shared_future<int>(shared).valid()); }) == 0);
}

TEST_CASE("a worker that waits for a shared future of its own pool runs the call", "[shared_future][waiting_rule]") {
  const heddle_test::deadline limit;
  heddle::thread_pool_executor pool{{.max_workers = 1}};
  const bool ran_here = pool.submit([&] {
                              const auto queued = pool.submit([] { return std::this_thread::get_id(); }).share();
                              return queued.result() == std::this_thread::get_id();
                            })
                            .result();
  CHECK(ran_here);
}
