// SPDX-License-Identifier: MIT

#include <heddle/zpp_bits.hpp>

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include <support/catch.hpp>
#include <support/round_trip.hpp>

namespace zpp_test {

/// Has private members, and nothing that says so but for zpp_bits.
class message {
 public:
  message() = default;
  message(std::string text, std::map<int, std::string> notes) : text_(std::move(text)), notes_(std::move(notes)) {}
  bool operator==(const message&) const = default;

  friend zpp::bits::access;
  using serialize = zpp::bits::members<2>;

 private:
  std::string text_;
  std::map<int, std::string> notes_;
};

}  // namespace zpp_test

HEDDLE_TRAVELS_BY_ZPP_BITS(zpp_test::message);

using namespace heddle_test;

TEST_CASE("a class travels as zpp_bits sends it", "[zpp_bits]") {
  const zpp_test::message sent("text", {{1, "a"}, {2, "b"}});
  CHECK(round_trip(sent) == sent);
  CHECK(round_trip(std::vector(3, sent)) == std::vector(3, sent));
}

TEST_CASE("a message for zpp_bits that ends early, or goes on, is malformed", "[zpp_bits]") {
  const auto message = encoded(zpp_test::message("text", {{1, "a"}}));
  for (std::size_t size = 8; size < message.size(); ++size) {
    const std::vector<std::byte> begin(message.begin() + 8, message.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK_THROWS_AS(decoded<zpp_test::message>(encoded(begin)), heddle::malformed_message);
  }
  std::vector<std::byte> longer(message.begin() + 8, message.end());
  longer.push_back(std::byte{0});
  CHECK_THROWS_AS(decoded<zpp_test::message>(encoded(longer)), heddle::malformed_message);
}
