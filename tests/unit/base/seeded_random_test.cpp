// SPDX-License-Identifier: MIT
#include <heddle/base/seeded_random.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

#include <support/catch.hpp>

using heddle::base::seeded_random;

TEST_CASE("seeded random numbers are those of the published generator", "[seeded_random]") {
  seeded_random numbers(1234567);
  CHECK(numbers.next() == 6457827717110365317U);
  CHECK(numbers.next() == 3203168211198807973U);
  CHECK(numbers.next() == 9817491932198370423U);
}

TEST_CASE("a number below a bound is, and all of them come about equally often", "[seeded_random]") {
  seeded_random numbers(1);
  std::array<int, 6> seen{};
  for (int i = 0; i < 6000; ++i) ++seen.at(static_cast<std::size_t>(numbers.below(6)));
  for (const int count : seen) {
    CHECK(count > 850);
    CHECK(count < 1150);
  }
  CHECK(numbers.below(1) == 0);
}

TEST_CASE("a number below a bound that does not divide 2^64 is drawn again where it would come too often",
          "[seeded_random]") {
  // Of 2^64 numbers a third would be drawn twice as often as the others.
  constexpr std::uint64_t bound = (std::numeric_limits<std::uint64_t>::max)() / 4 * 3;
  seeded_random numbers(2);
  int low = 0;
  for (int i = 0; i < 3000; ++i) low += numbers.below(bound) < bound / 3 ? 1 : 0;
  CHECK(low > 850);
  CHECK(low < 1150);
}
