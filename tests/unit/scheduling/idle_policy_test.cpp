// SPDX-License-Identifier: MIT
// scheduling/idle_policy.hpp: who searches, who is parked and who is woken, one step after the other.
#include <cstddef>
#include <cstdint>
#include <heddle/base/atomic.hpp>
#include <heddle/scheduling/idle_policy.hpp>
#include <support/catch.hpp>
#include <vector>

using heddle::base::relaxed;
using heddle::scheduling::idle_policy;
using heddle::scheduling::parked_link;

namespace {

struct workers {
  explicit workers(std::size_t count) : links(count) {}

  /// True if nobody searches then.
  bool park(std::uint32_t number, bool was_searching = false) {
    return idle.park(number, links[number - 1], was_searching);
  }
  std::uint32_t wake(std::uint32_t enough = 1) {
    return idle.take_one_to_wake([this](std::uint32_t number) -> parked_link& { return links[number - 1]; }, enough);
  }

  idle_policy idle;
  std::vector<parked_link> links;
};

}  // namespace

TEST_CASE("no more workers search than may", "[idle_policy]") {
  idle_policy idle;
  CHECK_FALSE(idle.somebody_searches());
  CHECK_FALSE(idle.try_begin_search(0));
  CHECK(idle.try_begin_search(2));
  CHECK(idle.somebody_searches());
  CHECK(idle.try_begin_search(2));
  CHECK_FALSE(idle.try_begin_search(2));
  CHECK(idle.try_begin_search(3));
}

TEST_CASE("who ends its search last is told so", "[idle_policy]") {
  idle_policy idle;
  CHECK(idle.try_begin_search(2));
  CHECK(idle.try_begin_search(2));
  CHECK_FALSE(idle.end_search());
  CHECK(idle.end_search());
  CHECK_FALSE(idle.somebody_searches());
}

TEST_CASE("nobody is woken when nobody is parked", "[idle_policy]") {
  workers all(1);
  CHECK(all.wake() == 0);
  CHECK_FALSE(all.idle.somebody_searches());
}

TEST_CASE("who is woken searches, and while somebody does nobody else is woken", "[idle_policy]") {
  workers all(3);
  static_cast<void>(all.park(1));
  static_cast<void>(all.park(3));
  static_cast<void>(all.park(2));
  CHECK(all.idle.somebody_is_parked());
  CHECK(all.wake() == 2);
  CHECK(all.idle.somebody_searches());
  CHECK(all.wake() == 0);
  CHECK(all.idle.end_search());
  CHECK(all.wake() == 3);
  CHECK(all.idle.end_search());
  CHECK(all.wake() == 1);
  CHECK_FALSE(all.idle.somebody_is_parked());
  CHECK(all.idle.end_search());
  CHECK(all.wake() == 0);
}

TEST_CASE("as many are woken at a time as the caller thinks enough", "[idle_policy]") {
  workers all(4);
  for (std::uint32_t number = 1; number <= 4; ++number) CHECK(all.park(number));
  CHECK(all.wake(2) == 4);
  CHECK(all.wake(1) == 0);
  CHECK(all.wake(2) == 3);
  CHECK(all.wake(2) == 0);
  CHECK(all.wake(3) == 2);
  CHECK_FALSE(all.idle.end_search());
  CHECK(all.wake(3) == 1);
  CHECK_FALSE(all.park(4, true));
  CHECK_FALSE(all.idle.end_search());
  CHECK(all.idle.end_search());
}

TEST_CASE("a worker that parks ends its search", "[idle_policy]") {
  workers all(2);
  CHECK(all.idle.try_begin_search(1));
  CHECK_FALSE(all.park(1));
  CHECK(all.idle.somebody_searches());
  CHECK(all.wake() == 0);
  CHECK(all.park(2, true));
  CHECK_FALSE(all.idle.somebody_searches());
  CHECK(all.wake() == 2);
}

TEST_CASE("a worker that was woken can park again", "[idle_policy]") {
  workers all(2);
  static_cast<void>(all.park(1));
  static_cast<void>(all.park(2));
  CHECK(all.wake() == 2);
  static_cast<void>(all.park(2, true));
  CHECK(all.wake() == 2);
  CHECK(all.idle.end_search());
  CHECK(all.wake() == 1);
}

TEST_CASE("the worker with the greatest number can be parked", "[idle_policy]") {
  workers all(0xffff);
  static_cast<void>(all.park(0xffff));
  static_cast<void>(all.park(1));
  CHECK_FALSE(all.idle.somebody_searches());
  CHECK(all.wake() == 1);
  CHECK(all.idle.end_search());
  CHECK(all.wake() == 0xffff);
}

TEST_CASE("all parked workers are taken at once, and none of them searches", "[idle_policy]") {
  workers all(3);
  CHECK(all.idle.take_all() == 0);
  for (std::uint32_t number = 1; number <= 3; ++number) static_cast<void>(all.park(number));
  std::vector<std::uint32_t> taken;
  for (std::uint32_t next = all.idle.take_all(); next != 0; next = all.links[next - 1].next.load(relaxed)) {
    taken.push_back(next);
  }
  CHECK(taken == std::vector<std::uint32_t>{3, 2, 1});
  CHECK_FALSE(all.idle.somebody_searches());
  CHECK_FALSE(all.idle.somebody_is_parked());
  CHECK(all.wake() == 0);
}
