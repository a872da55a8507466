// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstddef>
#include <heddle/asyncio.hpp>
#include <heddle/thread_pool_executor.hpp>
#include <random>
#include <stdexcept>
#include <support/catch.hpp>
#include <support/scale.hpp>
#include <support/sleep_for_ever.hpp>
#include <utility>
#include <vector>

namespace asyncio = heddle::asyncio;
using namespace std::chrono_literals;
using heddle_test::sleep_for_ever;

namespace {

/// Ends two turns after it was cancelled, as cancelled; notes that it did.
asyncio::task<void> end_slowly(bool& ended) {
  bool cancelled = false;
  try {
    co_await asyncio::sleep(1h);
  } catch (const heddle::cancelled_error&) {
    cancelled = true;
  }
  co_await asyncio::sleep(2ms);
  ended = true;
  if (cancelled) throw heddle::cancelled_error();
}

asyncio::task<int> ignore_cancellation() {
  try {
    co_await asyncio::sleep(1h);
  } catch (const heddle::cancelled_error&) {
  }
  co_return 5;
}

asyncio::task<void> await_handle(asyncio::task_handle<void>& awaited) { co_await awaited; }

asyncio::task<void> nested(int depth) {
  if (depth == 0) {
    co_await sleep_for_ever();
  } else {
    co_await nested(depth - 1);
  }
}

}  // namespace

TEST_CASE("a cancelled task throws where it is suspended, however deep, in the next turn", "[asyncio][cancel]") {
  asyncio::run([]() -> asyncio::task<void> {
    auto sleeping = asyncio::create_task(nested(100));
    co_await asyncio::sleep(0s);
    CHECK(sleeping.cancel());
    CHECK_FALSE(sleeping.done());
    co_await asyncio::sleep(0s);
    CHECK(sleeping.done());
    CHECK(sleeping.cancelled());
  });
}

TEST_CASE("awaiting a cancelled task throws cancelled_error", "[asyncio][cancel]") {
  asyncio::run([]() -> asyncio::task<void> {
    auto sleeping = asyncio::create_task(sleep_for_ever());
    co_await asyncio::sleep(0s);
    sleeping.cancel();
    bool thrown = false;
    try {
      co_await sleeping;
    } catch (const heddle::cancelled_error&) {
      thrown = true;
    }
    CHECK(thrown);
  });
}

TEST_CASE("a task that is cancelled before its first turn never begins", "[asyncio][cancel]") {
  asyncio::run([]() -> asyncio::task<void> {
    bool began = false;
    auto handle = asyncio::create_task([&]() -> asyncio::task<void> {
      began = true;
      co_return;
    });
    CHECK(handle.cancel());
    co_await asyncio::sleep(0s);
    CHECK(handle.cancelled());
    CHECK_FALSE(began);
  });
}

TEST_CASE("a task that cancels itself throws at its next suspension, and not before", "[asyncio][cancel]") {
  asyncio::run([]() -> asyncio::task<void> {
    asyncio::task_handle<void> self;
    bool went_on = false;
    bool thrown = false;
    bool after = false;
    self = asyncio::create_task([&]() -> asyncio::task<void> {
      self.cancel();
      went_on = true;
      try {
        co_await asyncio::sleep(1h);
      } catch (const heddle::cancelled_error&) {
        thrown = true;
      }
      co_await asyncio::sleep(0s);
      after = true;
    });
    co_await self;
    CHECK(went_on);
    CHECK(thrown);
    CHECK(after);
    CHECK_FALSE(self.cancelled());
  });
}

TEST_CASE("a task that cancels itself cancels what it awaits next", "[asyncio][cancel]") {
  heddle::promise<int> promise;
  auto future = promise.get_future();
  asyncio::run([&]() -> asyncio::task<void> {
    bool inner_ended = false;
    auto inner = asyncio::create_task(end_slowly(inner_ended));
    asyncio::task_handle<void> self;
    int thrown = 0;
    self = asyncio::create_task([&]() -> asyncio::task<void> {
      self.cancel();
      try {
        co_await future;
      } catch (const heddle::cancelled_error&) {
        ++thrown;
      }
      self.cancel();
      try {
        co_await inner;
      } catch (const heddle::cancelled_error&) {
        ++thrown;
      }
    });
    co_await self;
    CHECK(thrown == 2);
    CHECK(inner.cancelled());
    CHECK(inner_ended);
  });
}

TEST_CASE("cancellation is a request: a task may catch it, and can be cancelled again", "[asyncio][cancel]") {
  asyncio::run([]() -> asyncio::task<void> {
    auto stubborn = asyncio::create_task([]() -> asyncio::task<int> {
      const int first = co_await ignore_cancellation();
      const int second = co_await ignore_cancellation();
      co_return first + second;
    });
    co_await asyncio::sleep(0s);
    CHECK(stubborn.cancel());
    co_await asyncio::sleep(1ms);
    CHECK_FALSE(stubborn.done());
    CHECK(stubborn.cancel());
    const int sum = co_await stubborn;
    CHECK(sum == 10);
    CHECK_FALSE(stubborn.cancelled());
    CHECK_FALSE(stubborn.cancel());
  });
}

TEST_CASE("a cancelled task cancels the task that it awaits, and goes on when that has ended", "[asyncio][cancel]") {
  asyncio::run([]() -> asyncio::task<void> {
    bool inner_ended = false;
    bool ended_before = false;
    auto inner = asyncio::create_task(end_slowly(inner_ended));
    auto outer = asyncio::create_task([&]() -> asyncio::task<void> {
      try {
        co_await inner;
      } catch (const heddle::cancelled_error&) {
        ended_before = inner_ended;
        throw;
      }
    });
    co_await asyncio::sleep(0s);
    outer.cancel();
    while (!outer.done()) co_await asyncio::sleep(0s);
    CHECK(outer.cancelled());
    CHECK(inner.cancelled());
    CHECK(ended_before);
  });
}

TEST_CASE("a task whose awaited task ignores the cancellation gets its result", "[asyncio][cancel]") {
  asyncio::run([]() -> asyncio::task<void> {
    auto inner = asyncio::create_task(ignore_cancellation());
    auto outer = asyncio::create_task([&]() -> asyncio::task<int> { co_return co_await inner + 1; });
    co_await asyncio::sleep(0s);
    outer.cancel();
    const int result = co_await outer;
    CHECK(result == 6);
  });
}

TEST_CASE("a request that comes when the awaited task has just ended is not lost", "[asyncio][cancel]") {
  asyncio::run([]() -> asyncio::task<void> {
    auto inner = asyncio::create_task([]() -> asyncio::task<void> { co_await asyncio::sleep(0s); });
    auto outer = asyncio::create_task([&]() -> asyncio::task<void> { co_await inner; });
    while (!inner.done()) co_await asyncio::sleep(0s);
    const bool requested = !outer.done() && outer.cancel();
    co_await asyncio::sleep(0s);
    CHECK(requested);
    CHECK(outer.cancelled());
  });
}

TEST_CASE("a cancelled gather() cancels its tasks, and goes on when all have ended", "[asyncio][cancel][gather]") {
  asyncio::run([]() -> asyncio::task<void> {
    bool first = false;
    bool second = false;
    bool both_before = false;
    auto outer = asyncio::create_task([&]() -> asyncio::task<void> {
      try {
        co_await asyncio::gather(end_slowly(first), sleep_for_ever(), end_slowly(second));
      } catch (const heddle::cancelled_error&) {
        both_before = first && second;
        throw;
      }
    });
    co_await asyncio::sleep(1ms);
    outer.cancel();
    while (!outer.done()) co_await asyncio::sleep(0s);
    CHECK(outer.cancelled());
    CHECK(both_before);
  });
}

TEST_CASE("a cancelled gather() whose tasks all ignore it throws all the same", "[asyncio][cancel][gather]") {
  asyncio::run([]() -> asyncio::task<void> {
    auto outer = asyncio::create_task(
        []() -> asyncio::task<void> { co_await asyncio::gather(ignore_cancellation(), ignore_cancellation()); });
    co_await asyncio::sleep(1ms);
    outer.cancel();
    while (!outer.done()) co_await asyncio::sleep(0s);
    CHECK(outer.cancelled());
  });
}

TEST_CASE("a cancellation reaches the end of a hundred thousand tasks that await each other", "[asyncio][cancel]") {
  asyncio::run([]() -> asyncio::task<void> {
    const std::size_t length = heddle_test::scaled(100'000);
    std::vector<asyncio::task_handle<void>> line;
    line.reserve(length + 1);
    line.push_back(asyncio::create_task(sleep_for_ever()));
    for (std::size_t i = 0; i < length; ++i) line.push_back(asyncio::create_task(await_handle(line[i])));
    co_await asyncio::sleep(0s);
    line.back().cancel();
    while (!line.back().done()) co_await asyncio::sleep(0s);
    for (auto& handle : line) REQUIRE(handle.cancelled());
  });
}

TEST_CASE("run() ends a hundred thousand tasks that await each other", "[asyncio][cancel][run]") {
  const std::size_t length = heddle_test::scaled(100'000);
  std::vector<asyncio::task_handle<void>> line;
  line.reserve(length + 1);
  asyncio::run([&]() -> asyncio::task<void> {
    line.push_back(asyncio::create_task(sleep_for_ever()));
    for (std::size_t i = 0; i < length; ++i) line.push_back(asyncio::create_task(await_handle(line[i])));
    co_await asyncio::sleep(0s);
  });
  CHECK(line.back().cancelled());
}

TEST_CASE("tasks that await each other in a circle are broken up by a cancellation, and by the end of run()",
          "[asyncio][cancel]") {
  asyncio::task_handle<void> left;
  asyncio::task_handle<void> right;
  asyncio::run([&]() -> asyncio::task<void> {
    left = asyncio::create_task([&]() -> asyncio::task<void> { co_await right; });
    right = asyncio::create_task([&]() -> asyncio::task<void> { co_await asyncio::gather(left, left); });
    co_await asyncio::sleep(0s);
    co_await asyncio::sleep(0s);
    SECTION("by cancel()") {
      left.cancel();
      while (!left.done() || !right.done()) co_await asyncio::sleep(0s);
    }
    SECTION("by the end of run()") {}
  });
  CHECK(left.cancelled());
  CHECK(right.cancelled());
}

TEST_CASE("a cancelled await of a future lets the future be", "[asyncio][cancel]") {
  heddle::promise<int> promise;
  auto future = promise.get_future();
  asyncio::run([&]() -> asyncio::task<void> {
    auto waiting = asyncio::create_task([&]() -> asyncio::task<int> { co_return co_await future; });
    co_await asyncio::sleep(0s);
    waiting.cancel();
    co_await asyncio::sleep(0s);
    CHECK(waiting.cancelled());
    CHECK_FALSE(future.done());
    promise.set_value(3);
    const int value = co_await future;
    CHECK(value == 3);
  });
}

TEST_CASE("cancelling awaits of futures races with their completion in other threads", "[asyncio][cancel][future]") {
  heddle::thread_pool_executor pool{{.max_workers = 2}};
  const std::size_t rounds = heddle_test::scaled(3000);
  std::size_t values = 0;
  std::size_t cancellations = 0;
  asyncio::run([&]() -> asyncio::task<void> {
    std::mt19937 random(Catch::getSeed());
    for (std::size_t round = 0; round < rounds; ++round) {
      std::vector<asyncio::task_handle<int>> waiting;
      for (int i = 0; i < 8; ++i) {
        waiting.push_back(asyncio::create_task(asyncio::to_thread(pool, [] { return 1; })));
      }
      for (auto turns = random() % 4; turns > 0; --turns) co_await asyncio::sleep(0s);
      for (auto& handle : waiting) {
        if (random() % 2 == 0) handle.cancel();
      }
      for (auto& handle : waiting) {
        try {
          values += static_cast<std::size_t>(co_await handle);
        } catch (const heddle::cancelled_error&) {
          ++cancellations;
        }
      }
    }
  });
  CHECK(values + cancellations == 8 * rounds);
  CHECK(values > 0);
  CHECK(cancellations > 0);
}

TEST_CASE("run() may end, and its loop go, while futures complete that its tasks waited for",
          "[asyncio][cancel][future]") {
  heddle::thread_pool_executor pool{{.max_workers = 2}};
  for (std::size_t round = 0; round < heddle_test::scaled(1000); ++round) {
    std::vector<heddle::future<int>> futures;
    for (int i = 0; i < 4; ++i) futures.push_back(pool.submit([] { return 1; }));
    asyncio::run([&]() -> asyncio::task<void> {
      for (auto& future : futures) {
        static_cast<void>(asyncio::create_task([&future]() -> asyncio::task<void> { co_await future; }));
      }
      co_await asyncio::sleep(0s);
    });
    for (auto& future : futures) REQUIRE(future.result() == 1);
  }
}
