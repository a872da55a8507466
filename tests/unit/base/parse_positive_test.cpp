// SPDX-License-Identifier: MIT
// parse_positive(): digits make a number, anything else makes 0.

#include <heddle/base/parse_positive.hpp>

#include <cstdint>
#include <limits>

#include <support/catch.hpp>

using heddle::base::parse_positive;

TEST_CASE("a positive decimal number is its value", "[parse_positive]") {
  CHECK(parse_positive("1") == 1);
  CHECK(parse_positive("9070") == 9070);
  CHECK(parse_positive("0012") == 12);
  CHECK(parse_positive("18446744073709551615") == std::numeric_limits<std::uint64_t>::max());
}

TEST_CASE("what is no positive decimal number is 0", "[parse_positive]") {
  const auto* text = GENERATE("", "0", "000", "-1", "+1", " 1", "1 ", "1\n", "0x10", "1e3", "1.5", "max", "four",
                              "18446744073709551616", "18446744073709551620", "99999999999999999999999999999999");
  CAPTURE(text);
  CHECK(parse_positive(text) == 0);
}
