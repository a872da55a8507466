// SPDX-License-Identifier: MIT
#include <chrono>
#include <heddle/asyncio.hpp>
#include <limits>
#include <stdexcept>
#include <support/catch.hpp>
#include <utility>
#include <vector>

namespace asyncio = heddle::asyncio;
using namespace std::chrono_literals;

namespace {

asyncio::task<void> append_after(std::vector<int>& to, std::chrono::milliseconds delay, int number) {
  co_await asyncio::sleep(delay);
  to.push_back(number);
}

asyncio::task<void> count_turns(int& turns) {
  for (;;) {
    ++turns;
    co_await asyncio::sleep(0s);
  }
}

}  // namespace

TEST_CASE("sleep() takes as long as it says, not less", "[asyncio][sleep]") {
  const auto begin = std::chrono::steady_clock::now();
  asyncio::run(asyncio::sleep(std::chrono::duration<double, std::milli>(7.5)));
  CHECK(std::chrono::steady_clock::now() - begin >= 7500us);
}

TEST_CASE("sleepers wake in the order of their times, the others run meanwhile", "[asyncio][sleep]") {
  std::vector<int> order;
  asyncio::run([&]() -> asyncio::task<void> {
    co_await asyncio::gather(append_after(order, 1000ms, 3), append_after(order, 10ms, 1),
                             append_after(order, 500ms, 2));
  });
  CHECK(order == std::vector<int>{1, 2, 3});
}

TEST_CASE("sleep(0) and less take one turn, in which everything else that is ready runs", "[asyncio][sleep]") {
  asyncio::run([]() -> asyncio::task<void> {
    int turns = 0;
    auto counting = asyncio::create_task(count_turns(turns));
    co_await asyncio::sleep(0s);
    CHECK(turns == 1);
    co_await asyncio::sleep(-1h);
    CHECK(turns == 2);
    co_await asyncio::sleep(-0.0 * 1s);
    CHECK(turns == 3);
  });
}

TEST_CASE("the time runs from the co_await, not from the call", "[asyncio][sleep]") {
  asyncio::run([]() -> asyncio::task<void> {
    auto later = asyncio::sleep(10ms);
    co_await asyncio::sleep(15ms);
    const auto begin = std::chrono::steady_clock::now();
    co_await later;
    CHECK(std::chrono::steady_clock::now() - begin >= 10ms);
  });
}

TEST_CASE("sleep(NaN) is refused", "[asyncio][sleep]") {
  using seconds = std::chrono::duration<double>;
  CHECK_THROWS_AS(asyncio::sleep(seconds(std::numeric_limits<double>::quiet_NaN())), std::invalid_argument);
}

TEST_CASE("what the clock cannot represent is slept until cancelled", "[asyncio][sleep]") {
  using seconds = std::chrono::duration<double>;
  asyncio::run([]() -> asyncio::task<void> {
    auto longest = asyncio::create_task(asyncio::sleep(std::chrono::hours::max()));
    auto endless = asyncio::create_task(asyncio::sleep(seconds(std::numeric_limits<double>::infinity())));
    co_await asyncio::sleep(5ms);
    CHECK_FALSE(longest.done());
    CHECK_FALSE(endless.done());
    endless.cancel();
    longest.cancel();
    co_await asyncio::sleep(0s);
    CHECK(endless.cancelled());
    CHECK(longest.cancelled());
  });
}
