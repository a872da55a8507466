// SPDX-License-Identifier: MIT
// Who is about to sleep does first what it has put off: others may wait for that before they wake it.
#include <heddle/sync/put_off.hpp>

#include <atomic>
#include <latch>
#include <thread>
#include <utility>
#include <vector>

#include <heddle/asyncio/await_future.hpp>
#include <heddle/asyncio/run.hpp>
#include <heddle/asyncio/task.hpp>
#include <heddle/blocking.hpp>
#include <heddle/future.hpp>
#include <heddle/parallel_invoke.hpp>
#include <heddle/task_group.hpp>
#include <heddle/thread_pool_executor.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/threads.hpp>

namespace {

using heddle::future;
using heddle::promise;
using heddle::thread_pool_executor;

/// A continuation in this thread makes another one due, which is put off until it returns, and then blocks by `block`
/// until a call that waits for that one has ended.
template <class Block>
void check_in_continuation(const Block& block) {
  const heddle_test::deadline limit;
  promise<int> first;
  promise<int> second;
  future<int> put_off = second.get_future().then([](int number) { return number + 1; });
  auto blocks = first.get_future().then([&](int number) {
    second.set_value(number + 1);
    return block(put_off);
  });
  first.set_value(1);
  CHECK(blocks.result() == 3);
}

}  // namespace

TEST_CASE("a continuation that waits for a group does first what it has put off", "[put_off][regression]") {
  thread_pool_executor pool{{.max_workers = 1}};
  check_in_continuation([&](future<int>& put_off) {
    int result = 0;
    heddle::task_group group(pool);
    group.run([&] { result = put_off.result(); });
    group.wait();
    return result;
  });
}

TEST_CASE("a continuation of a worker that waits for a group does first what it has put off", "[put_off][regression]") {
  thread_pool_executor pool{{.max_workers = 2}};
  pool.submit([&] {
        check_in_continuation([&](future<int>& put_off) {
          std::atomic<bool> runs{false};
          int result = 0;
          heddle::task_group group(pool);
          group.run([&] {
            runs = true;
            result = put_off.result();
          });
          heddle_test::wait_for(runs);
          group.wait();
          return result;
        });
      })
      .result();
}

TEST_CASE("a continuation that waits for the other half of a fork does first what it has put off",
          "[put_off][regression]") {
  thread_pool_executor pool{{.max_workers = 2}};
  check_in_continuation([&](future<int>& put_off) {
    std::atomic<bool> runs{false};
    int result = 0;
    heddle::parallel_invoke(
        pool, [&] { heddle_test::wait_for(runs); },
        [&] {
          runs = true;
          result = put_off.result();
        });
    return result;
  });
}

TEST_CASE("a continuation that ends a pool does first what it has put off", "[put_off][regression]") {
  thread_pool_executor pool{{.max_workers = 1}};
  check_in_continuation([&](future<int>& put_off) {
    auto call = pool.submit([&] { return put_off.result(); });
    pool.shutdown();
    return call.result();
  });
}

TEST_CASE("a continuation that waits until a pool is idle does first what it has put off", "[put_off][regression]") {
  thread_pool_executor pool{{.max_workers = 1}};
  check_in_continuation([&](future<int>& put_off) {
    auto call = pool.submit([&] { return put_off.result(); });
    pool.wait_idle();
    return call.result();
  });
}

TEST_CASE("a continuation that waits for a place in a full pool does first what it has put off",
          "[put_off][regression]") {
  thread_pool_executor pool{{.max_workers = 1, .max_pending = 1}};
  check_in_continuation([&](future<int>& put_off) {
    std::latch runs{1};
    auto call = pool.submit([&] {
      runs.count_down();
      return put_off.result();
    });
    runs.wait();
    pool.post([] {});
    pool.post([] {});
    return call.result();
  });
}

TEST_CASE("a continuation that says that it blocks does first what it has put off", "[put_off][regression]") {
  thread_pool_executor pool{{.max_workers = 1}};
  check_in_continuation([&](future<int>& put_off) {
    int result = 0;
    std::latch ended{1};
    pool.post([&] {
      result = put_off.result();
      ended.count_down();
    });
    const heddle::blocking scope;
    ended.wait();
    return result;
  });
}

TEST_CASE("an event loop in a continuation does before it sleeps what was put off", "[put_off][regression]") {
  thread_pool_executor pool{{.max_workers = 1}};
  check_in_continuation([&](future<int>& put_off) {
    return heddle::asyncio::run([](future<int> call) -> heddle::asyncio::task<int> {
      co_return co_await std::move(call);
    }(pool.submit([&] { return put_off.result(); })));
  });
}

TEST_CASE("many continuations that each wait for something take no stack without end", "[put_off][regression]") {
  const heddle_test::deadline limit;
  constexpr int count = 100'000;
  int ran = 0;
  std::vector<promise<void>> promises(count);
  std::vector<future<void>> continued;
  for (auto& each : promises) {
    continued.push_back(each.get_future().then([&] {
      const heddle::blocking scope;
      ++ran;
    }));
  }
  promise<void> first;
  auto all = first.get_future().then([&] {
    for (auto& each : promises) each.set_value();
  });
  first.set_value();
  CHECK(ran == count);
}
