// SPDX-License-Identifier: MIT
#include <heddle/errors.hpp>
#include <heddle/future.hpp>
#include <heddle/inline_executor.hpp>
#include <heddle/manual_executor.hpp>
#include <heddle/std_future.hpp>
#include <heddle/thread_pool_executor.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/threads.hpp>
#include <support/tracked.hpp>

using namespace std::chrono_literals;
using heddle::from_std;
using heddle::manual_executor;
using heddle::thread_pool_executor;
using heddle::to_std;

namespace {

template <class StdFuture>
bool is_ready(const StdFuture& asked) {
  return asked.wait_for(0s) == std::future_status::ready;
}

}  // namespace

TEST_CASE("a std::future is ready when the heddle future is done, without a thread", "[std_future]") {
  manual_executor executor;
  const auto threads = heddle_test::thread_count();
  std::future<int> late = to_std(executor.submit([] { return 1; }));
  CHECK_FALSE(is_ready(late));
  executor.run_one();
  CHECK(heddle_test::thread_count() == threads);
  REQUIRE(is_ready(late));
  CHECK(late.get() == 1);

  std::future<int> at_once = to_std(heddle::inline_executor().submit([] { return 2; }));
  REQUIRE(is_ready(at_once));
  CHECK(at_once.get() == 2);
}

TEST_CASE("results of every kind become a std::future's", "[std_future]") {
  heddle::inline_executor here;
  int target = 1;
  to_std(here.submit([&] { ++target; })).get();
  CHECK(target == 2);
  CHECK(&to_std(here.submit([&]() -> int& { return target; })).get() == &target);
  CHECK(*to_std(here.submit([] { return std::make_unique<int>(3); })).get() == 3);
  CHECK_THROWS_WITH(to_std(here.submit([]() -> int { throw std::runtime_error("as it was"); })).get(), "as it was");
  heddle_test::life_counts counts;
  {
    auto moved = to_std(here.submit([&] { return heddle_test::tracked(counts); }));
    CHECK(counts.alive == 1);
  }
  CHECK(counts.copies == 0);
  CHECK(counts.alive == 0);
}

TEST_CASE("a std::future of a cancelled call throws cancelled_error, and of a promise that goes broken_promise",
          "[std_future]") {
  std::future<int> cancelled;
  std::future<int> broken;
  {
    manual_executor executor;
    cancelled = to_std(executor.submit([] { return 1; }));
    heddle::promise<int> promise;
    broken = to_std(promise.get_future());
  }
  CHECK_THROWS_AS(cancelled.get(), heddle::cancelled_error);
  CHECK_THROWS_AS(broken.get(), heddle::broken_promise);
  CHECK_THROWS_AS(to_std(heddle::future<int>()), heddle::invalid_state_error);
}

TEST_CASE("what moving a result throws is in the std::future", "[std_future]") {
  heddle_test::life_counts counts;
  {
    heddle::promise<heddle_test::moved_at_most> promise;
    auto failed = to_std(promise.get_future());
    promise.set_value(0, counts);
    CHECK(is_ready(failed));
    CHECK_THROWS_AS(failed.get(), heddle_test::move_refused);
  }
  CHECK(counts.alive == 0);
}

TEST_CASE("a std::future may be dropped before its call ends", "[std_future]") {
  const heddle_test::deadline limit;
  manual_executor executor;
  int ran = 0;
  static_cast<void>(to_std(executor.submit([&] { ++ran; })));
  executor.run_all();
  CHECK(ran == 1);
}

TEST_CASE("many calls of a pool end in std::futures", "[std_future]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 2}};
  std::vector<std::future<int>> all;
  for (int i = 0; i < 1000; ++i) all.push_back(to_std(pool.submit([i] { return i; })));
  int sum = 0;
  for (auto& each : all) sum += each.get();
  CHECK(sum == 499500);
}

TEST_CASE("a heddle future waits for a std::future in its executor", "[std_future]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  std::promise<int> promise;
  auto f = from_std(pool, promise.get_future());
  CHECK_FALSE(f.done());
  promise.set_value(7);
  CHECK(f.result() == 7);
}

TEST_CASE("results of every kind come from a std::future, and a copy of what is shared", "[std_future]") {
  const heddle_test::deadline limit;
  int target = 1;
  std::promise<void> nothing;
  std::promise<int&> reference;
  std::promise<std::unique_ptr<int>> owner;
  std::promise<std::string> shared;
  std::promise<int> failed;
  std::shared_future<std::string> words = shared.get_future().share();
  auto of_nothing = from_std(nothing.get_future());
  auto of_reference = from_std(reference.get_future());
  auto of_owner = from_std(owner.get_future());
  auto of_shared = from_std(words);
  auto of_failed = from_std(failed.get_future());
  nothing.set_value();
  reference.set_value(target);
  owner.set_value(std::make_unique<int>(3));
  shared.set_value("for all");
  failed.set_exception(std::make_exception_ptr(std::runtime_error("as it was")));
  of_nothing.result();
  CHECK(&of_reference.result() == &target);
  CHECK(*of_owner.result() == 3);
  CHECK(of_shared.result() == "for all");
  CHECK(words.get() == "for all");
  CHECK(&of_shared.result() != &words.get());
  CHECK_THROWS_WITH(of_failed.result(), "as it was");
}

TEST_CASE("a std::future that is ready needs no executor", "[std_future]") {
  manual_executor executor;
  std::promise<int> ready;
  ready.set_value(4);
  auto f = from_std(executor, ready.get_future());
  CHECK(executor.pending() == 0);
  CHECK(f.result(0s) == 4);
}

TEST_CASE("a deferred call is run by the executor", "[std_future]") {
  manual_executor executor;
  int ran = 0;
  auto f = from_std(executor, std::async(std::launch::deferred, [&] { return ++ran; }));
  CHECK(ran == 0);
  CHECK(executor.run_all() == 1);
  CHECK(f.result(0s) == 1);
}

TEST_CASE("a worker that waits for a std::future is replaced meanwhile", "[std_future]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 2}};
  std::vector<std::promise<int>> promises(4);
  std::vector<heddle::future<int>> all;
  for (auto& each : promises) all.push_back(from_std(pool, each.get_future()));
  // All workers would wait for what only a later call of theirs does.
  auto last = pool.submit([&] {
    for (auto& each : promises) each.set_value(5);
  });
  last.result();
  for (auto& each : all) CHECK(each.result() == 5);
}

TEST_CASE("without an executor from_std() uses the pool whose worker calls it", "[std_future]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 2, .thread_name_prefix = "caller"}};
  auto f = pool.submit([] { return from_std(std::async(std::launch::deferred, heddle_test::thread_name)).result(); });
  CHECK(f.result().starts_with("caller"));
  CHECK(from_std(std::async(std::launch::deferred, heddle_test::thread_name)).result().starts_with("heddle"));
}

TEST_CASE("from_std() needs a future with a state, and an executor that takes calls", "[std_future]") {
  manual_executor executor;
  CHECK_THROWS_AS(from_std(executor, std::future<int>()), std::invalid_argument);
  CHECK_THROWS_AS(from_std(executor, std::shared_future<int>()), std::invalid_argument);
  executor.shutdown();
  std::promise<int> late;
  CHECK_THROWS_AS(from_std(executor, late.get_future()), heddle::executor_shutdown_error);
}

TEST_CASE("there and back again a result stays what it was", "[std_future]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  auto f = from_std(pool, to_std(pool.submit([] { return std::make_unique<int>(9); })));
  CHECK(*f.result() == 9);
}
