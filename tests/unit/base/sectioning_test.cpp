// SPDX-License-Identifier: MIT
// sectioning, section_bounds() and chunking: the bounds of every section, up to the last bit.

#include <heddle/base/sectioning.hpp>

#include <cstdint>
#include <limits>

#include <support/catch.hpp>

using heddle::base::section;
using heddle::base::section_bounds;
using heddle::base::sectioning;

namespace {

constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();

}  // namespace

TEST_CASE("the longer sections come first", "[sectioning]") {
  CHECK(section_bounds(10, 3, 0) == section{0, 4});
  CHECK(section_bounds(10, 3, 1) == section{4, 7});
  CHECK(section_bounds(10, 3, 2) == section{7, 10});
}

TEST_CASE("sections beyond the positions are empty and lie at the end", "[sectioning]") {
  CHECK(section_bounds(2, 4, 1) == section{1, 2});
  CHECK(section_bounds(2, 4, 2) == section{2, 2});
  CHECK(section_bounds(2, 4, 3) == section{2, 2});
  CHECK(section_bounds(0, 5, 4) == section{0, 0});
}

TEST_CASE("a section knows its size", "[sectioning]") {
  CHECK(section_bounds(10, 3, 0).size() == 4);
  CHECK(section_bounds(10, 3, 2).size() == 3);
  CHECK(section{7, 7}.size() == 0);
}

TEST_CASE("no size and no count of 64 bits overflows", "[sectioning]") {
  CHECK(section_bounds(largest, 1, 0) == section{0, largest});
  CHECK(section_bounds(largest, 2, 0) == section{0, largest / 2 + 1});
  CHECK(section_bounds(largest, 2, 1) == section{largest / 2 + 1, largest});
  CHECK(section_bounds(largest, largest, largest - 1) == section{largest - 1, largest});
  CHECK(section_bounds(largest - 1, largest, largest - 2) == section{largest - 2, largest - 1});
  CHECK(section_bounds(largest - 1, largest, largest - 1) == section{largest - 1, largest - 1});
  CHECK(section_bounds(3, largest, largest - 1) == section{3, 3});
}

TEST_CASE("one sectioning gives every section", "[sectioning]") {
  const sectioning rule(100, 7);
  for (std::uint64_t i = 0; i < 7; ++i) CHECK(rule[i] == section_bounds(100, 7, i));
}

TEST_CASE("chunks are of one length, the last one of what is left", "[sectioning]") {
  using heddle::base::chunking;
  constexpr chunking tens(25, 10);
  STATIC_REQUIRE(tens.count() == 3);
  STATIC_REQUIRE(tens[0] == section{0, 10});
  STATIC_REQUIRE(tens[2] == section{20, 25});
  STATIC_REQUIRE(chunking(20, 10).count() == 2);
  STATIC_REQUIRE(chunking(0, 10).count() == 0);
  STATIC_REQUIRE(chunking(largest, largest - 1)[1] == section{largest - 1, largest});
}
