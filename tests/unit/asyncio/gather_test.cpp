// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstddef>
#include <heddle/asyncio.hpp>
#include <heddle/thread_pool_executor.hpp>
#include <list>
#include <memory>
#include <ranges>
#include <stdexcept>
#include <string>
#include <support/captured_stderr.hpp>
#include <support/catch.hpp>
#include <support/scale.hpp>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace asyncio = heddle::asyncio;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

struct no_default {
  explicit no_default(int number) : value(number) {}
  int value;
};

template <class T>
asyncio::task<T> after(std::chrono::milliseconds delay, T value) {
  co_await asyncio::sleep(delay);
  co_return std::move(value);
}

asyncio::task<void> set_after(std::chrono::milliseconds delay, bool& flag) {
  co_await asyncio::sleep(delay);
  flag = true;
}

asyncio::task<int> fail_after(std::chrono::milliseconds delay, const char* text) {
  co_await asyncio::sleep(delay);
  throw std::runtime_error(text);
}

asyncio::task<int> square(int x) { co_return x* x; }

}  // namespace

TEST_CASE("gather() of several gives a tuple in the order of the arguments", "[asyncio][gather]") {
  asyncio::run([]() -> asyncio::task<void> {
    bool set = false;
    auto results = co_await asyncio::gather(after(6ms, 1), after(3ms, std::string("two")), set_after(0ms, set),
                                            after(0ms, std::make_unique<int>(4)));
    static_assert(
        std::is_same_v<decltype(results), std::tuple<int, std::string, heddle::base::nothing, std::unique_ptr<int>>>);
    CHECK(std::get<0>(results) == 1);
    CHECK(std::get<1>(results) == "two");
    CHECK(*std::get<3>(results) == 4);
    CHECK(set);
  });
}

TEST_CASE("gather() of a range gives a vector in the order of the range", "[asyncio][gather]") {
  asyncio::run([]() -> asyncio::task<void> {
    std::vector<asyncio::task<no_default>> tasks;
    for (int i = 0; i < 5; ++i) tasks.push_back(after(std::chrono::milliseconds(5 - i), no_default(i)));
    const std::vector<no_default> results = co_await asyncio::gather(std::move(tasks));
    REQUIRE(results.size() == 5);
    for (int i = 0; i < 5; ++i) CHECK(results[static_cast<std::size_t>(i)].value == i);
  });
}

TEST_CASE("gather() of a range of tasks without result gives nothing", "[asyncio][gather]") {
  asyncio::run([]() -> asyncio::task<void> {
    bool first = false;
    bool second = false;
    std::list<asyncio::task<void>> tasks;
    tasks.push_back(set_after(0ms, first));
    tasks.push_back(set_after(1ms, second));
    static_assert(std::is_void_v<asyncio::await_result_t<decltype(asyncio::gather(std::move(tasks)))>>);
    co_await asyncio::gather(std::move(tasks));
    CHECK(first);
    CHECK(second);
  });
}

TEST_CASE("gather() takes a view that makes the tasks", "[asyncio][gather]") {
  asyncio::run([]() -> asyncio::task<void> {
    auto squares = std::views::iota(0, 100) | std::views::filter([](int x) { return x % 2 == 0; }) |
                   std::views::transform([](int x) { return square(x); });
    const std::vector<int> results = co_await asyncio::gather(squares);
    REQUIRE(results.size() == 50);
    CHECK(results[49] == 98 * 98);
  });
}

TEST_CASE("gather() of nothing gives nothing, at once", "[asyncio][gather]") {
  asyncio::run([]() -> asyncio::task<void> {
    const std::tuple<> none = co_await asyncio::gather();
    static_cast<void>(none);
    const std::vector<int> empty = co_await asyncio::gather(std::vector<asyncio::task<int>>());
    CHECK(empty.empty());
  });
}

TEST_CASE("the coroutines of a gather() begin in the next turn, whether it is awaited yet or not",
          "[asyncio][gather]") {
  asyncio::run([]() -> asyncio::task<void> {
    bool set = false;
    auto gathered = asyncio::gather(set_after(0ms, set), square(3));
    CHECK_FALSE(set);
    co_await asyncio::sleep(1ms);
    CHECK(set);
    auto results = co_await std::move(gathered);
    CHECK(std::get<1>(results) == 9);
  });
}

TEST_CASE("gather() takes handles, the same one twice too, futures, function objects and gathers",
          "[asyncio][gather]") {
  heddle::thread_pool_executor pool{{.max_workers = 1}};
  asyncio::run([&]() -> asyncio::task<void> {
    auto handle = asyncio::create_task(after(1ms, 1));
    auto moved = asyncio::create_task(after(1ms, std::make_unique<int>(2)));
    auto future = pool.submit([] { return 3; });
    auto text = [kept = std::string("kept")]() -> asyncio::task<std::string> { co_return kept; };
    auto results = co_await asyncio::gather(handle, handle, std::move(moved), future, pool.submit([] { return 4; }),
                                            std::move(text), asyncio::gather(square(5), square(6)), asyncio::sleep(0s));
    CHECK(std::get<0>(results) == 1);
    CHECK(std::get<1>(results) == 1);
    CHECK(*std::get<2>(results) == 2);
    CHECK(std::get<3>(results) == 3);
    CHECK(std::get<4>(results) == 4);
    CHECK(std::get<5>(results) == "kept");
    CHECK(std::get<6>(results) == std::tuple(25, 36));
    CHECK(handle.result() == 1);
    CHECK(future.result() == 3);
  });
}

TEST_CASE("gather() of lvalue handles copies their results, of rvalue ones moves them out", "[asyncio][gather]") {
  asyncio::run([]() -> asyncio::task<void> {
    std::vector<asyncio::task_handle<std::string>> handles;
    for (int i = 0; i < 3; ++i) handles.push_back(asyncio::create_task(after(0ms, std::string(1, char('a' + i)))));
    const std::vector<std::string> copies = co_await asyncio::gather(handles);
    CHECK(copies == std::vector<std::string>{"a", "b", "c"});
    for (auto& handle : handles) CHECK(handle.result().size() == 1);
    const std::vector<std::string> moved = co_await asyncio::gather(std::move(handles));
    CHECK(moved == copies);
  });
}

TEST_CASE("gather() keeps references, in a tuple", "[asyncio][gather]") {
  asyncio::run([]() -> asyncio::task<void> {
    int number = 1;
    auto refer = [&]() -> asyncio::task<int&> { co_return number; };
    auto results = co_await asyncio::gather(refer, refer);
    CHECK(&std::get<0>(results) == &number);
  });
}

TEST_CASE("the first error goes on at once, the others run on, and what they throw is reported", "[asyncio][gather]") {
  std::string reported;
  {
    const heddle_test::captured_stderr errors;
    asyncio::run([]() -> asyncio::task<void> {
      bool first_was_caught = false;
      bool late_ran_on = false;
      const auto wait_for_first = [&]() -> asyncio::task<void> {
        while (!first_was_caught) co_await asyncio::sleep(1ms);
      };
      const auto late = [&]() -> asyncio::task<void> {
        co_await wait_for_first();
        late_ran_on = true;
      };
      const auto fail_late = [&]() -> asyncio::task<void> {
        co_await wait_for_first();
        throw std::runtime_error("third");
      };
      std::string caught;
      try {
        co_await asyncio::gather(fail_late(), late(), fail_after(1ms, "first"));
      } catch (const std::runtime_error& error) {
        caught = error.what();
      }
      CHECK(caught == "first");
      CHECK_FALSE(late_ran_on);
      first_was_caught = true;
      while (!late_ran_on) co_await asyncio::sleep(1ms);
      co_await asyncio::sleep(1ms);
    });
    reported = errors.text();
  }
  CHECK_THAT(reported, ContainsSubstring("third"));
  CHECK(reported.find("first") == std::string::npos);
}

TEST_CASE("an error from before the co_await is thrown at it, while others still run", "[asyncio][gather]") {
  asyncio::run([]() -> asyncio::task<void> {
    std::vector<asyncio::task<int>> tasks;
    tasks.push_back(square(1));
    tasks.push_back(fail_after(0ms, "early"));
    tasks.push_back(after(1h, 3));
    auto gathered = asyncio::gather(std::move(tasks));
    co_await asyncio::sleep(5ms);
    std::string caught;
    try {
      co_await std::move(gathered);
    } catch (const std::runtime_error& error) {
      caught = error.what();
    }
    CHECK(caught == "early");
  });
}

TEST_CASE("a child that was cancelled makes gather() throw cancelled_error", "[asyncio][gather]") {
  asyncio::run([]() -> asyncio::task<void> {
    auto child = asyncio::create_task(after(1h, 1));
    auto awaiting = asyncio::create_task([&]() -> asyncio::task<bool> {
      try {
        co_await asyncio::gather(child, square(1));
      } catch (const heddle::cancelled_error&) {
        co_return true;
      }
      co_return false;
    });
    co_await asyncio::sleep(0s);
    child.cancel();
    const bool thrown = co_await awaiting;
    CHECK(thrown);
    CHECK_FALSE(awaiting.cancelled());
  });
}

TEST_CASE("a hundred thousand coroutines are gathered", "[asyncio][gather]") {
  const int count = static_cast<int>(heddle_test::scaled(100'000));
  const long long sum = asyncio::run([count]() -> asyncio::task<long long> {
    std::vector<asyncio::task<int>> tasks;
    for (int i = 0; i < count; ++i) tasks.push_back(after(0ms, i));
    const std::vector<int> results = co_await asyncio::gather(std::move(tasks));
    long long total = 0;
    for (const int result : results) total += result;
    co_return total;
  });
  CHECK(sum == static_cast<long long>(count) * (count - 1) / 2);
}

TEST_CASE("gather() without a loop is an error", "[asyncio][gather]") {
  CHECK_THROWS_AS(asyncio::gather(square(1), square(2)), heddle::invalid_state_error);
}
