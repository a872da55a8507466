// SPDX-License-Identifier: MIT
// scheduling/crew.hpp: who may take part in loops, one step after the other.
#include <heddle/scheduling/crew.hpp>
#include <support/catch.hpp>

using heddle::scheduling::crew;

TEST_CASE("workers help with loops as far as guests leave them places", "[crew]") {
  crew members(nullptr, 2, 0, 0);
  CHECK(members.may_help_loops(members.worker_at(0)));
  CHECK(members.may_help_loops(members.worker_at(1)));
  auto* const guest = members.try_lease_guest();
  REQUIRE(guest != nullptr);
  CHECK(members.may_help_loops(members.worker_at(0)));
  CHECK_FALSE(members.may_help_loops(members.worker_at(1)));
  members.release_guest(*guest);
  CHECK(members.may_help_loops(members.worker_at(1)));
}

TEST_CASE("the worker of a pool of one takes nothing off the stacks of others, guest or not", "[crew]") {
  crew members(nullptr, 1, 0, 0);
  CHECK_FALSE(members.may_help_loops(members.worker_at(0)));
  auto* const guest = members.try_lease_guest();
  REQUIRE(guest != nullptr);
  CHECK_FALSE(members.may_help_loops(members.worker_at(0)));
  members.release_guest(*guest);
}
