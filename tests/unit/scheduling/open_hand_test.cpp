// SPDX-License-Identifier: MIT
// scheduling/open_hand.hpp: one who gives and the worker, one step after the other.
#include <heddle/queue/task_stack.hpp>
#include <heddle/scheduling/crew.hpp>
#include <heddle/scheduling/open_hand.hpp>
#include <heddle/scheduling/participant.hpp>
#include <support/catch.hpp>

using heddle::queue::stack_slot;
using heddle::scheduling::open_hand;

TEST_CASE("what was given is there until it is taken, and not again until more is given", "[open_hand]") {
  heddle::scheduling::crew crew(nullptr, 0, 0, 0);
  heddle::scheduling::participant owner(crew, 0);
  stack_slot task(nullptr, nullptr, stack_slot::plain);
  open_hand hand;
  CHECK_FALSE(hand.is_full());
  for (int round = 0; round != 2; ++round) {
    CHECK_FALSE(hand.try_reserve());
    hand.open();
    CHECK_FALSE(hand.is_full());
    REQUIRE(hand.try_reserve());
    CHECK_FALSE(hand.is_full());
    hand.give(owner, task);
    CHECK(hand.is_full());
    const open_hand::gift given = hand.close();
    CHECK(given.owner == &owner);
    CHECK(given.task == &task);
    CHECK_FALSE(hand.is_full());
    CHECK_FALSE(hand.close());
  }
}
