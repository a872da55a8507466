// SPDX-License-Identifier: MIT
#if defined(__linux__)

#include <heddle/process/relay.hpp>

#include <atomic>
#include <thread>

#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/threads.hpp>

using heddle::process::relay;

namespace {

/// What a thread does that is started where there was none that waits for the turn; here there is always one.
constexpr auto nothing = [] { return relay::leg::over; };

}  // namespace

TEST_CASE("who does not come back in time loses the turn, and another thread has it", "[relay]") {
  const heddle_test::deadline limit;
  std::atomic<int> turns{0};
  std::atomic<bool> may_end{false};
  std::atomic<bool> has_lost{false};
  relay runners;
  runners.start([&] {
    if (++turns == 2) {
      heddle_test::wait_for(has_lost);
      return relay::leg::over;
    }
    runners.set_out();
    while (turns != 2) std::this_thread::yield();
    heddle_test::wait_for(may_end);
    has_lost = !runners.has_turn() && !runners.come_back(nothing);
    return relay::leg::lost;
  });
  while (turns != 2) std::this_thread::yield();
  may_end = true;
  runners.join();
  CHECK(has_lost);
  CHECK(turns == 2);
}

TEST_CASE("who will not be back soon gives the turn up", "[relay]") {
  const heddle_test::deadline limit;
  std::atomic<int> turns{0};
  std::atomic<int> losses{0};
  relay runners;
  runners.start([&] {
    const int mine = ++turns;
    if (mine == 20) return relay::leg::over;
    runners.set_out();
    runners.give_up();
    while (turns == mine) std::this_thread::yield();
    losses += runners.come_back(nothing) ? 0 : 1;
    return relay::leg::lost;
  });
  runners.join();
  CHECK(turns == 20);
  CHECK(losses == 19);
}

TEST_CASE("all threads end, however many wait for the turn", "[relay]") {
  const heddle_test::deadline limit;
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> turns{0};
    relay runners;
    runners.start([&] {
      if (++turns == 20) return relay::leg::over;
      runners.set_out();
      runners.give_up();
      // It is back while who has the turn now starts the next one.
      while (runners.has_turn()) std::this_thread::yield();
      return relay::leg::lost;
    });
    runners.join();
    CHECK(turns == 20);
  }
}

TEST_CASE("who comes back has the turn still", "[relay]") {
  const heddle_test::deadline limit;
  std::atomic<int> kept{0};
  relay runners;
  runners.start([&] {
    for (int i = 0; i < 1000; ++i) {
      runners.set_out();
      if (!runners.come_back(nothing)) return relay::leg::lost;  // this machine was busy with something else
      ++kept;
    }
    return relay::leg::over;
  });
  CHECK_FALSE(runners.runs_this_thread());
  runners.join();
  CHECK(kept >= 1000);
}

#endif
