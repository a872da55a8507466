// SPDX-License-Identifier: MIT
#include <heddle/queue/lane.hpp>
#include <map>
#include <support/catch.hpp>
#include <utility>

using heddle::queue::consumer_turns;
using heddle::queue::lane;
using heddle::queue::list_place;
using heddle::queue::list_set;

namespace {

constexpr lane lanes[] = {lane::high, lane::normal, lane::background};

}  // namespace

TEST_CASE("every list has a bit of its own, and a set gives its lists back", "[lane]") {
  std::uint64_t all = 0;
  for (const lane of : lanes) {
    for (unsigned shard = 0; shard < list_set::most_shards; ++shard) {
      const list_set one(list_place{of, shard});
      CHECK((all & one.word()) == 0);
      all |= one.word();
      CHECK(one.most_urgent() == of);
      CHECK(one.shards(of) == 1U << shard);
    }
  }
  CHECK(all == list_set::all);
  list_set left(all);
  for (const lane of : lanes) {
    for (unsigned shard = 0; shard < list_set::most_shards; ++shard) CHECK(left.take_first() == list_place{of, shard});
  }
  CHECK(left.empty());
  CHECK(list_set(~list_set::all).empty());
}

TEST_CASE("the lists of a lane and of the more urgent ones are in one mask", "[lane]") {
  for (const lane least_urgent : lanes) {
    for (const lane of : lanes) {
      for (unsigned shard = 0; shard < list_set::most_shards; ++shard) {
        const bool inside = (list_set::down_to(least_urgent) & list_set(list_place{of, shard}).word()) != 0;
        CHECK(inside == (of <= least_urgent));
      }
    }
  }
}

TEST_CASE("a consumer is sent to the only list that has jobs, whosoever turn it is", "[lane]") {
  consumer_turns turns(5);
  for (const lane of : lanes) {
    for (unsigned shard = 0; shard < list_set::most_shards; ++shard) {
      for (int i = 0; i < 70; ++i, turns.end_turn()) {
        REQUIRE(turns.choose(list_set(list_place{of, shard})) == list_place{of, shard});
      }
    }
  }
}

TEST_CASE("where all lists have jobs all are served, the urgent lane in 62 of 64 turns", "[lane]") {
  consumer_turns turns;
  std::map<std::pair<lane, unsigned>, int> served;
  std::map<lane, int> in_lane;
  for (int i = 0; i < 64 * 16; ++i, turns.end_turn()) {
    const list_place chosen = turns.choose(list_set(list_set::all));
    ++served[{chosen.lane, chosen.shard}];
    ++in_lane[chosen.lane];
  }
  CHECK(in_lane[lane::high] == 62 * 16);
  CHECK(in_lane[lane::normal] == 16);
  CHECK(in_lane[lane::background] == 16);
  CHECK(served.size() == 3 * 16);
}

TEST_CASE("a list that has no jobs does not cost its lane the turn", "[lane]") {
  consumer_turns turns(63);
  const list_set two(list_set({lane::high, 0}).word() | list_set({lane::background, 3}).word());
  CHECK(turns.choose(two) == list_place{lane::background, 3});
  CHECK(turns.choose(two) == list_place{lane::background, 3});  // until the turn ends
  turns.end_turn();
  CHECK(turns.choose(two) == list_place{lane::high, 0});
}

TEST_CASE("consumers begin with different shards", "[lane]") {
  const list_set all(list_set::all);
  CHECK_FALSE(consumer_turns(0).choose(all) == consumer_turns(1).choose(all));
}
