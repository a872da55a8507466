// SPDX-License-Identifier: MIT
// queue/divisible_range.hpp: what the owner takes and what is cut off, one after the other.
#include <cstdint>
#include <heddle/base/spin_lock.hpp>
#include <heddle/queue/divisible_range.hpp>
#include <ostream>
#include <support/catch.hpp>

using heddle::base::section;
using heddle::base::spin_lock;
using heddle::queue::cutter;
using heddle::queue::divisible_range;

namespace heddle::base {

static std::ostream& operator<<(std::ostream& out, const section& shown) {
  return out << '[' << shown.first << ", " << shown.last << ')';
}

}  // namespace heddle::base

namespace {

spin_lock no_cutter;

section take(divisible_range& range, std::uint64_t most) { return range.take(most, no_cutter); }

}  // namespace

TEST_CASE("the owner takes a range from its front until nothing is left", "[divisible_range]") {
  divisible_range range(10, 15);
  CHECK(take(range, 2) == section{10, 12});
  CHECK(take(range, 1) == section{12, 13});
  CHECK(take(range, 7) == section{13, 15});
  CHECK(take(range, 1).size() == 0);
  CHECK(take(range, UINT64_MAX).size() == 0);
  CHECK_FALSE(range.was_cut());
}

TEST_CASE("a range up to the greatest number can be taken whole", "[divisible_range]") {
  divisible_range range(1, UINT64_MAX);
  CHECK(take(range, UINT64_MAX) == section{1, UINT64_MAX});
  CHECK(take(range, 1).size() == 0);
}

TEST_CASE("a cut takes half of what is left, rounded up", "[divisible_range]") {
  const cutter who = GENERATE(cutter::owner, cutter::other);
  divisible_range range(0, 10);
  CHECK(take(range, 3) == section{0, 3});
  CHECK(range.cut(who) == section{6, 10});
  CHECK(range.was_cut());
  CHECK(range.cut(who) == section{4, 6});
  CHECK(range.cut(who) == section{3, 4});
  CHECK(take(range, UINT64_MAX).size() == 0);
}

TEST_CASE("the owner goes on to the cut and no further", "[divisible_range]") {
  divisible_range range(0, 10);
  CHECK(range.cut(cutter::other) == section{5, 10});
  CHECK(take(range, 4) == section{0, 4});
  CHECK(take(range, 4) == section{4, 5});
  CHECK(take(range, 4).size() == 0);
}

TEST_CASE("the last item can be cut off", "[divisible_range]") {
  divisible_range range(7, 8);
  CHECK(range.cut(cutter::owner) == section{7, 8});
  CHECK(take(range, 1).size() == 0);
}

TEST_CASE("nothing is cut off a range that is empty or used up", "[divisible_range]") {
  const cutter who = GENERATE(cutter::owner, cutter::other);
  divisible_range empty(3, 3);
  CHECK(empty.cut(who).size() == 0);
  CHECK(take(empty, 1).size() == 0);
  divisible_range used_up(0, 2);
  CHECK(take(used_up, 2) == section{0, 2});
  CHECK(used_up.cut(who).size() == 0);
  CHECK_FALSE(used_up.was_cut());
}

TEST_CASE("the owner does not touch the lock until it meets a cut of somebody else", "[divisible_range]") {
  struct counting_lock {
    int locked = 0;
    void lock() { ++locked; }
    void unlock() {}
  } lock;
  divisible_range range(0, 4);
  CHECK(range.take(4, lock) == section{0, 4});
  CHECK(range.take(1, lock).size() == 0);
  CHECK(lock.locked == 0);
  const auto cut_by = [&lock](cutter who) {
    divisible_range cut(0, 4);
    CHECK(cut.cut(who) == section{2, 4});
    CHECK(cut.take(4, lock) == section{0, 2});
    CHECK(lock.locked == 0);
    CHECK(cut.take(4, lock).size() == 0);
    CHECK(cut.was_cut());
  };
  cut_by(cutter::owner);
  CHECK(lock.locked == 0);
  cut_by(cutter::other);
  CHECK(lock.locked == 1);
}
