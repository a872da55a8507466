// SPDX-License-Identifier: MIT
#include <chrono>
#include <heddle/asyncio.hpp>
#include <heddle/thread_pool_executor.hpp>
#include <stdexcept>
#include <string>
#include <support/captured_stderr.hpp>
#include <support/catch.hpp>
#include <support/sleep_for_ever.hpp>
#include <support/threads.hpp>
#include <thread>
#include <utility>
#include <vector>

namespace asyncio = heddle::asyncio;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

asyncio::task<int> answer() { co_return 42; }

asyncio::task<void> fail_on_purpose() {
  throw std::runtime_error("failed on purpose");
  co_return;
}

/// Sleeps until it is cancelled, then takes two more turns and notes that it has ended.
asyncio::task<void> clean_up_slowly(bool& cleaned) {
  bool cancelled = false;
  try {
    co_await asyncio::sleep(1h);
  } catch (const heddle::cancelled_error&) {
    cancelled = true;
  }
  co_await asyncio::sleep(0s);
  co_await asyncio::sleep(1ms);
  cleaned = cancelled;
}

}  // namespace

TEST_CASE("run() gives what the task returns: a value, nothing, a reference", "[asyncio][run]") {
  CHECK(asyncio::run(answer()) == 42);

  bool ran = false;
  asyncio::run([&]() -> asyncio::task<void> {
    ran = true;
    co_return;
  });
  CHECK(ran);

  int number = 1;
  int& same = asyncio::run([&]() -> asyncio::task<int&> { co_return number; });
  CHECK(&same == &number);
}

TEST_CASE("run() throws what the task throws", "[asyncio][run]") {
  CHECK_THROWS_WITH(asyncio::run(fail_on_purpose()), "failed on purpose");
}

TEST_CASE("run() keeps a function object as long as its coroutine runs", "[asyncio][run]") {
  const std::string text = asyncio::run([captured = std::string(100, 'x')]() -> asyncio::task<std::string> {
    co_await asyncio::sleep(0s);
    co_return captured;
  });
  CHECK(text == std::string(100, 'x'));
}

TEST_CASE("run() awaits anything that can be awaited", "[asyncio][run]") {
  const auto begin = std::chrono::steady_clock::now();
  asyncio::run(asyncio::sleep(5ms));
  CHECK(std::chrono::steady_clock::now() - begin >= 5ms);
}

TEST_CASE("run() inside a running loop is an error that says to await", "[asyncio][run]") {
  asyncio::run([]() -> asyncio::task<void> {
    CHECK_THROWS_AS(asyncio::run(answer()), heddle::invalid_state_error);
    CHECK_THROWS_WITH(asyncio::run(answer()), ContainsSubstring("co_await"));
    co_return;
  });
  CHECK(asyncio::run(answer()) == 42);
}

TEST_CASE("at the end of run(), tasks that are left are cancelled and finish", "[asyncio][run]") {
  bool cleaned = false;
  bool began = false;
  asyncio::run([&]() -> asyncio::task<void> {
    auto left = asyncio::create_task(clean_up_slowly(cleaned));
    auto never_begun = asyncio::create_task([&]() -> asyncio::task<void> {
      began = true;
      co_return;
    });
    co_await asyncio::sleep(0s);
    static_cast<void>(asyncio::create_task(heddle_test::sleep_for_ever()));
  });
  CHECK(cleaned);
  CHECK(began);
}

TEST_CASE("a task that was created last never begins when run() ends", "[asyncio][run]") {
  bool began = false;
  asyncio::run([&]() -> asyncio::task<void> {
    static_cast<void>(asyncio::create_task([&]() -> asyncio::task<void> {
      began = true;
      co_return;
    }));
    co_return;
  });
  CHECK_FALSE(began);
}

TEST_CASE("tasks that cancelled tasks create are finished too", "[asyncio][run]") {
  bool inner_cleaned = false;
  bool outer_awaited = false;
  asyncio::run([&]() -> asyncio::task<void> {
    static_cast<void>(asyncio::create_task([&]() -> asyncio::task<void> {
      try {
        co_await asyncio::sleep(1h);
      } catch (const heddle::cancelled_error&) {
      }
      co_await asyncio::create_task([]() -> asyncio::task<void> { co_await asyncio::sleep(1ms); });
      outer_awaited = true;
      static_cast<void>(asyncio::create_task(clean_up_slowly(inner_cleaned)));
      co_await asyncio::sleep(0s);
    }));
    co_await asyncio::sleep(0s);
  });
  CHECK(outer_awaited);
  CHECK(inner_cleaned);
}

TEST_CASE("what tasks throw at the end of run() is reported, and does not replace its result", "[asyncio][run]") {
  std::string reported;
  int result = 0;
  {
    const heddle_test::captured_stderr errors;
    result = asyncio::run([]() -> asyncio::task<int> {
      static_cast<void>(asyncio::create_task([]() -> asyncio::task<void> {
        try {
          co_await asyncio::sleep(1h);
        } catch (const heddle::cancelled_error&) {
        }
        throw std::runtime_error("while cleaning up");
      }));
      co_await asyncio::sleep(0s);
      co_return 7;
    });
    reported = errors.text();
  }
  CHECK(result == 7);
  CHECK_THAT(reported, ContainsSubstring("while cleaning up"));
}

TEST_CASE("each thread has its own loop, also a worker of a pool", "[asyncio][run]") {
  heddle::thread_pool_executor pool{{.max_workers = 2}};
  auto sum = [](int first, int second) {
    return asyncio::run([&]() -> asyncio::task<int> {
      auto a = asyncio::create_task([&]() -> asyncio::task<int> {
        co_await asyncio::sleep(2ms);
        co_return first;
      });
      const int b = co_await asyncio::to_thread([&] { return second; });
      const int c = co_await a;
      co_return b + c;
    });
  };
  std::vector<heddle::future<int>> sums;
  for (int i = 0; i < 20; ++i) sums.push_back(pool.submit(sum, i, 100));
  for (int i = 0; i < 20; ++i) CHECK(sums[static_cast<std::size_t>(i)].result() == 100 + i);
}

TEST_CASE("a future that another thread completes wakes a loop that sleeps", "[asyncio][run]") {
  heddle::promise<int> promise;
  auto future = promise.get_future();
  std::thread other;
  const int got = asyncio::run([&]() -> asyncio::task<int> {
    other = std::thread([&] { promise.set_value(5); });
    co_return co_await future;
  });
  other.join();
  CHECK(got == 5);
}

TEST_CASE("future.result() in a coroutine says to await it, and works when it is done", "[asyncio][run]") {
  heddle::promise<int> promise;
  auto future = promise.get_future();
  asyncio::run([&]() -> asyncio::task<void> {
    CHECK_THROWS_AS(future.result(), heddle::invalid_state_error);
    CHECK_THROWS_WITH(future.result(), ContainsSubstring("co_await"));
    promise.set_value(1);
    CHECK(future.result() == 1);
    co_return;
  });
}

TEST_CASE("a loop that waits for timers and threads uses no processor", "[asyncio][run][timing]") {
  heddle::thread_pool_executor pool{{.max_workers = 1}};
  const auto before = heddle_test::cpu_time_of_this_process();
  asyncio::run([&]() -> asyncio::task<void> {
    co_await asyncio::gather(asyncio::sleep(400ms),
                             asyncio::to_thread(pool, [] { std::this_thread::sleep_for(300ms); }));
  });
  CHECK(heddle_test::cpu_time_of_this_process() - before < 40ms);
}
