// SPDX-License-Identifier: MIT
#include <chrono>
#include <exception>
#include <heddle/asyncio.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <support/captured_stderr.hpp>
#include <support/catch.hpp>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace asyncio = heddle::asyncio;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

static_assert(!std::is_copy_constructible_v<asyncio::task_handle<int>>);
static_assert(std::is_nothrow_move_constructible_v<asyncio::task_handle<int>>);

namespace {

asyncio::task<void> append(std::vector<int>& to, int number) {
  to.push_back(number);
  co_return;
}

asyncio::task<std::unique_ptr<int>> make_owned(int number) {
  co_await asyncio::sleep(0s);
  co_return std::make_unique<int>(number);
}

asyncio::task<int> fail_with(const char* text) {
  co_await asyncio::sleep(0s);
  throw std::runtime_error(text);
}

asyncio::task<int> add(asyncio::task_handle<int>& to, int number) {
  const int& shared = co_await to;
  co_return shared + number;
}

}  // namespace

TEST_CASE("created tasks begin in the next turn, in the order of their creation", "[asyncio][create_task]") {
  asyncio::run([]() -> asyncio::task<void> {
    std::vector<int> order;
    auto first = asyncio::create_task(append(order, 1));
    auto second = asyncio::create_task(append(order, 2));
    CHECK(order.empty());
    co_await asyncio::sleep(0s);
    CHECK(order == std::vector<int>{1, 2});
  });
}

TEST_CASE("a task runs on when its handle is dropped", "[asyncio][create_task]") {
  bool ended = false;
  asyncio::run([&]() -> asyncio::task<void> {
    static_cast<void>(asyncio::create_task([&]() -> asyncio::task<void> {
      co_await asyncio::sleep(1ms);
      ended = true;
    }));
    co_await asyncio::sleep(20ms);
    CHECK(ended);
  });
}

TEST_CASE("a handle is awaited any number of times, by several tasks", "[asyncio][create_task]") {
  asyncio::run([]() -> asyncio::task<void> {
    auto base = asyncio::create_task([]() -> asyncio::task<int> {
      co_await asyncio::sleep(1ms);
      co_return 10;
    });
    auto one = asyncio::create_task(add(base, 1));
    auto two = asyncio::create_task(add(base, 2));
    const int first = co_await one;
    const int second = co_await two;
    const int again = co_await base;
    CHECK(first == 11);
    CHECK(second == 12);
    CHECK(again == 10);
    int& stored = co_await base;
    CHECK(&stored == &base.result());
  });
}

TEST_CASE("those who await a task go on in the order in which they began to wait", "[asyncio][create_task]") {
  asyncio::run([]() -> asyncio::task<void> {
    std::vector<int> order;
    auto awaited = asyncio::create_task([]() -> asyncio::task<void> { co_await asyncio::sleep(1ms); });
    std::vector<asyncio::task_handle<void>> waiting;
    for (int i = 0; i < 5; ++i) {
      waiting.push_back(asyncio::create_task([&awaited, &order, i]() -> asyncio::task<void> {
        co_await awaited;
        order.push_back(i);
      }));
    }
    co_await asyncio::gather(std::move(waiting));
    CHECK(order == std::vector<int>{0, 1, 2, 3, 4});
  });
}

TEST_CASE("awaiting a handle that is moved in moves the result out", "[asyncio][create_task]") {
  asyncio::run([]() -> asyncio::task<void> {
    auto handle = asyncio::create_task(make_owned(3));
    const std::unique_ptr<int> owned = co_await std::move(handle);
    CHECK(*owned == 3);
    CHECK_FALSE(handle.valid());

    auto other = asyncio::create_task(make_owned(4));
    co_await other;
    const std::unique_ptr<int> taken = std::move(other).result();
    CHECK(*taken == 4);
  });
}

TEST_CASE("a handle may be dropped or replaced while another task awaits it", "[asyncio][create_task]") {
  asyncio::run([]() -> asyncio::task<void> {
    auto handle = asyncio::create_task([]() -> asyncio::task<int> {
      co_await asyncio::sleep(1ms);
      co_return 1;
    });
    auto waiting = asyncio::create_task([&]() -> asyncio::task<void> { co_await handle; });
    co_await asyncio::sleep(0s);
    handle = asyncio::create_task([]() -> asyncio::task<int> { co_return 2; });
    co_await waiting;
    const int second = co_await handle;
    CHECK(second == 2);
  });
}

TEST_CASE("a handle tells how its task ended", "[asyncio][create_task]") {
  asyncio::run([]() -> asyncio::task<void> {
    auto value = asyncio::create_task(make_owned(1));
    auto error = asyncio::create_task(fail_with("on purpose"));
    auto cancelled = asyncio::create_task(make_owned(2));
    CHECK_FALSE(value.done());
    CHECK_THROWS_AS(value.result(), heddle::invalid_state_error);
    CHECK_THROWS_AS(value.exception(), heddle::invalid_state_error);
    CHECK(cancelled.cancel());
    co_await asyncio::sleep(5ms);

    CHECK(value.done());
    CHECK_FALSE(value.cancelled());
    CHECK(value.exception() == nullptr);
    CHECK(*value.result() == 1);

    CHECK(error.done());
    CHECK_FALSE(error.cancelled());
    CHECK(error.exception() != nullptr);
    CHECK_THROWS_WITH(error.result(), "on purpose");

    CHECK(cancelled.done());
    CHECK(cancelled.cancelled());
    CHECK_THROWS_AS(cancelled.result(), heddle::cancelled_error);
    CHECK_THROWS_AS(cancelled.exception(), heddle::cancelled_error);

    for (auto* handle : {&value, &cancelled}) CHECK_FALSE(handle->cancel());
  });
}

TEST_CASE("a handle keeps its result after the loop is gone", "[asyncio][create_task]") {
  asyncio::task_handle<std::unique_ptr<int>> kept;
  asyncio::run([&]() -> asyncio::task<void> {
    kept = asyncio::create_task(make_owned(9));
    co_await kept;
  });
  CHECK(kept.done());
  CHECK_FALSE(kept.cancel());
  CHECK(*kept.result() == 9);
}

TEST_CASE("an empty handle answers with invalid_state_error", "[asyncio][create_task]") {
  asyncio::task_handle<int> empty;
  CHECK_FALSE(empty.valid());
  CHECK_THROWS_AS(empty.done(), heddle::invalid_state_error);
  CHECK_THROWS_AS(empty.cancel(), heddle::invalid_state_error);
  CHECK_THROWS_AS(empty.result(), heddle::invalid_state_error);
  asyncio::run([&]() -> asyncio::task<void> {
    int refused = 0;
    try {
      co_await empty;
    } catch (const heddle::invalid_state_error&) {
      ++refused;
    }
    try {
      co_await std::move(empty);
    } catch (const heddle::invalid_state_error&) {
      ++refused;
    }
    CHECK(refused == 2);
  });
}

TEST_CASE("a task's arguments are destroyed before anybody learns of its end", "[asyncio][create_task]") {
  asyncio::run([]() -> asyncio::task<void> {
    auto argument = std::make_shared<int>(1);
    auto handle =
        asyncio::create_task([](std::shared_ptr<int> held) -> asyncio::task<int> { co_return *held; }(argument));
    CHECK(argument.use_count() == 2);
    co_await handle;
    CHECK(argument.use_count() == 1);
  });
}

TEST_CASE("create_task() without a loop is an error that says how to start one", "[asyncio][create_task]") {
  std::vector<int> order;
  CHECK_THROWS_AS(asyncio::create_task(append(order, 1)), heddle::invalid_state_error);
  CHECK_THROWS_WITH(asyncio::create_task(append(order, 1)), ContainsSubstring("asyncio::run()"));
}

TEST_CASE("an exception that nobody takes is reported once, whatever its type", "[asyncio][create_task]") {
  std::string reported;
  {
    const heddle_test::captured_stderr errors;
    asyncio::run([]() -> asyncio::task<void> {
      static_cast<void>(asyncio::create_task(fail_with("lost exception")));
      static_cast<void>(asyncio::create_task([]() -> asyncio::task<void> {
        throw 1;
        co_return;
      }));
      co_await asyncio::sleep(5ms);
    });
    reported = errors.text();
  }
  CHECK_THAT(reported, ContainsSubstring("nobody awaited it: lost exception"));
  CHECK(reported.find("lost exception") == reported.rfind("lost exception"));
  CHECK_THAT(reported, ContainsSubstring("not derived from std::exception"));
}

TEST_CASE("an exception that was taken, and a cancellation, are not reported", "[asyncio][create_task]") {
  std::string reported;
  {
    const heddle_test::captured_stderr errors;
    asyncio::run([]() -> asyncio::task<void> {
      auto awaited = asyncio::create_task(fail_with("awaited"));
      auto looked_at = asyncio::create_task(fail_with("looked at"));
      auto cancelled = asyncio::create_task(fail_with("never"));
      cancelled.cancel();
      try {
        co_await awaited;
      } catch (const std::runtime_error&) {
      }
      co_await asyncio::sleep(5ms);
      static_cast<void>(looked_at.exception());
    });
    reported = errors.text();
  }
  CHECK(reported.empty());
}

TEST_CASE("a task cannot await itself, nor a task of another thread's loop", "[asyncio][create_task]") {
  asyncio::run([]() -> asyncio::task<void> {
    asyncio::task_handle<void> self;
    bool refused = false;
    self = asyncio::create_task([&]() -> asyncio::task<void> {
      try {
        co_await self;
      } catch (const heddle::invalid_state_error&) {
        refused = true;
      }
    });
    co_await self;
    CHECK(refused);

    auto sleeping = asyncio::create_task([]() -> asyncio::task<void> { co_await asyncio::sleep(1h); });
    std::string text;
    std::thread([&] {
      try {
        asyncio::run([&]() -> asyncio::task<void> { co_await sleeping; });
      } catch (const heddle::invalid_state_error& error) {
        text = error.what();
      }
    }).join();
    CHECK_THAT(text, ContainsSubstring("another event loop"));
  });
}
