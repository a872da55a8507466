// SPDX-License-Identifier: MIT
// Long chains of continuations take no stack, however they are built, ended, cancelled and destroyed.

#include <heddle/future.hpp>
#include <heddle/inline_executor.hpp>
#include <heddle/thread_pool_executor.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>
#include <utility>

#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/scale.hpp>
#include <support/tracked.hpp>

namespace {

using heddle::future;
using heddle::promise;
using heddle_test::scaled;

const int long_chain = static_cast<int>(scaled(1'000'000));

future<int> chain_of(future<int> first, int length) {
  for (int i = 0; i < length; ++i) first = std::move(first).then([](int v) { return v + 1; });
  return first;
}

}  // namespace

TEST_CASE("a long chain that is built before its first call is done takes no stack", "[then][chains]") {
  promise<int> source;
  auto last = chain_of(source.get_future(), long_chain);
  source.set_value(0);
  CHECK(last.result() == long_chain);
}

TEST_CASE("a long chain that is built afterwards takes no stack", "[then][chains]") {
  promise<int> source;
  source.set_value(0);
  CHECK(chain_of(source.get_future(), long_chain).result() == long_chain);
}

TEST_CASE("a failure passes by a long chain without stack", "[then][chains]") {
  promise<int> source;
  auto last = chain_of(source.get_future(), long_chain).catch_error([](std::exception_ptr) { return -1; });
  source.set_exception(std::make_exception_ptr(1));
  CHECK(last.result() == -1);
}

TEST_CASE("cancelling the last of a long chain cancels the first, without stack", "[then][chains]") {
  heddle_test::life_counts counts;
  promise<int> source;
  future<int> last = source.get_future();
  for (int i = 0; i < long_chain; ++i) {
    last = std::move(last).then([t = heddle_test::tracked(counts)](int v) { return v; });
  }
  CHECK(last.cancel());
  CHECK(counts.alive == 0);
  CHECK_FALSE(source.set_running_or_notify_cancel());
}

TEST_CASE("cancelling the first of a long chain cancels the last, without stack", "[then][chains]") {
  heddle::thread_pool_executor pool{{.max_workers = 1}};
  promise<int> source;
  future<int> first = source.get_future();
  auto shared = std::move(first).share();
  auto last = chain_of(shared.then([](int v) { return v; }), long_chain);
  CHECK(shared.cancel());
  CHECK(last.cancelled());
}

TEST_CASE("a long chain that nobody waits for is destroyed without stack", "[then][chains]") {
  heddle_test::life_counts counts;
  {
    promise<int> source;
    static_cast<void>(chain_of(source.get_future(), long_chain).then([t = heddle_test::tracked(counts)](int) {}));
    CHECK(counts.alive == 1);
  }
  CHECK(counts.alive == 0);  // by a broken promise
}

TEST_CASE("a long chain on an inline executor takes no stack", "[then][chains]") {
  heddle::inline_executor here;
  promise<int> source;
  auto last = source.get_future();
  for (int i = 0; i < long_chain; ++i) last = std::move(last).then(here, [](int v) { return v + 1; });
  source.set_value(0);
  CHECK(last.result() == long_chain);
}

TEST_CASE("a long chain on a pool is made to its end", "[then][chains]") {
  const heddle_test::deadline limit;
  const int length = long_chain / 10;
  heddle::thread_pool_executor pool{{.max_workers = 2}};
  promise<int> source;
  auto last = source.get_future();
  for (int i = 0; i < length; ++i) last = std::move(last).then(pool, [](int v) { return v + 1; });
  source.set_value(0);
  CHECK(last.result() == length);
}

TEST_CASE("a long chain that its pool refuses, or that a failure passes by, takes no stack", "[then][chains]") {
  heddle::thread_pool_executor pool{{.max_workers = 1}};
  const auto chain_on_pool = [&](future<int> last) {
    for (int i = 0; i < long_chain; ++i) last = std::move(last).then(pool, [](int v) { return v + 1; });
    return last;
  };
  promise<int> refused;
  promise<int> failing;
  auto last = chain_on_pool(refused.get_future());
  auto passed = chain_on_pool(failing.get_future());
  pool.shutdown();
  refused.set_value(0);
  CHECK_THROWS_AS(last.result(), heddle::executor_shutdown_error);
  failing.set_exception(std::make_exception_ptr(1));
  CHECK_THROWS_AS(passed.result(), int);
}

TEST_CASE("a loop that calls itself by futures takes no stack", "[then][chains]") {
  const int depth = static_cast<int>(scaled(100'000));
  heddle::thread_pool_executor pool{{.max_workers = 2}};
  const heddle_test::deadline limit;
  std::function<future<int>(int)> down = [&](int left) -> future<int> {
    if (left == 0) return pool.submit([] { return 0; });
    return pool.submit([] {}).then([&down, left] { return down(left - 1); }).then([](int v) { return v + 1; });
  };
  CHECK(down(depth).result() == depth);
}

TEST_CASE("a loop whose futures are all done at once takes no stack", "[then][chains]") {
  const int depth = static_cast<int>(scaled(100'000));
  std::function<future<int>(int)> down = [&](int left) -> future<int> {
    promise<int> done;
    done.set_value(0);
    if (left == 0) return done.get_future();
    return done.get_future().then([&down, left](int) { return down(left - 1); }).then([](int v) { return v + 1; });
  };
  CHECK(down(depth).result() == depth);
}

TEST_CASE("asking the last of many flattened futures to stop takes no stack", "[then][chains]") {
  const int depth = static_cast<int>(scaled(100'000));
  promise<int> innermost;
  promise<void> start;
  std::function<future<int>(int)> down = [&](int left) -> future<int> {
    promise<void> done;
    done.set_value();
    if (left == 0) return innermost.get_future();
    return done.get_future().then([&down, left] { return down(left - 1); });
  };
  auto flat = start.get_future().then([&] { return down(depth); });
  start.set_value();
  CHECK(flat.running());
  CHECK(flat.request_stop());
  CHECK(flat.cancelled());
}
