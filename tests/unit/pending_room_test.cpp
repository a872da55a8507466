// SPDX-License-Identifier: MIT
#include <heddle/pending_room.hpp>

#include <atomic>
#include <cstddef>
#include <thread>
#include <utility>
#include <vector>

#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/waiting_threads.hpp>

using heddle::pending_place;
using heddle::pending_room;

namespace {

const auto not_over = [] { return false; };

}  // namespace

TEST_CASE("a room has as many places as it was made for", "[pending_room]") {
  pending_room room(2);
  CHECK(room.most() == 2);
  CHECK(room.try_take());
  CHECK(room.try_take());
  CHECK_FALSE(room.try_take());
  room.give_back();
  CHECK(room.try_take());
  CHECK_FALSE(room.try_take());
}

TEST_CASE("a place is given back once, when its owner leaves or goes", "[pending_room]") {
  const heddle::base::shared_value<pending_room> room(std::in_place, 1U);
  REQUIRE(room->try_take());
  {
    pending_place first(room);
    pending_place moved(std::move(first));
    CHECK_FALSE(room->try_take());
    moved.leave();
    CHECK(room->try_take());
  }
  CHECK_FALSE(room->try_take());
  {
    const pending_place goes(room);
  }
  CHECK(room->try_take());
  const pending_place of_no_room({});
}

TEST_CASE("who waits for a place gets the next one", "[pending_room]") {
  const heddle_test::deadline limit;
  pending_room room(1);
  REQUIRE(room.try_take());
  std::atomic<bool> took{false};
  std::thread waiter = heddle_test::blocked_in([&] { took = room.wait_and_take(not_over); });
  CHECK_FALSE(took);
  room.give_back();
  waiter.join();
  CHECK(took);
  CHECK_FALSE(room.try_take());
}

TEST_CASE("who waits for a place leaves without one when it is told that it is over", "[pending_room]") {
  const heddle_test::deadline limit;
  pending_room room(1);
  REQUIRE(room.try_take());
  std::atomic<bool> over{false};
  std::atomic<int> without{0};
  std::vector<std::thread> waiters;
  for (int i = 0; i < 3; ++i) {
    waiters.push_back(
        heddle_test::blocked_in([&] { without += room.wait_and_take([&] { return over.load(); }) ? 0 : 1; }));
  }
  over = true;
  room.end_waits();
  for (std::thread& each : waiters) each.join();
  CHECK(without == 3);
}

TEST_CASE("places change hands between many threads, and never are there more", "[pending_room]") {
  const heddle_test::deadline limit;
  constexpr std::size_t most = 3;
  pending_room room(most);
  std::atomic<std::size_t> inside{0};
  std::atomic<bool> too_many{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 500; ++k) {
        if (!room.wait_and_take(not_over)) continue;
        if (++inside > most) too_many = true;
        --inside;
        room.give_back();
      }
    });
  }
  for (std::thread& each : threads) each.join();
  CHECK_FALSE(too_many);
  for (std::size_t i = 0; i < most; ++i) CHECK(room.try_take());
}
