// SPDX-License-Identifier: MIT

#include <heddle/process/byte_source.hpp>
#include <heddle/process/span_source.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <support/catch.hpp>
#include <support/piecewise_bytes.hpp>
#include <support/round_trip.hpp>

using namespace heddle::process;
using heddle_test::bytes_of;
using heddle_test::message_of;

TEST_CASE("a source knows how much of the message is left", "[process][byte_source]") {
  const auto message = message_of(std::uint8_t{1}, 2.5, std::uint16_t{3});
  const std::size_t window = GENERATE(as<std::size_t>(), 1, 2, 5, 8, 100);
  heddle_test::piecewise_source source(message, window);
  CHECK(source.left() == 11);
  CHECK(source.get<std::uint8_t>() == 1);
  CHECK(source.left() == 10);
  CHECK(source.get<double>() == 2.5);
  CHECK(source.left() == 2);
  CHECK(source.get<std::uint16_t>() == 3);
  CHECK(source.left() == 0);
}

TEST_CASE("reading more than is left throws, and reads nothing behind the end", "[process][byte_source]") {
  const auto message = bytes_of({1, 2, 3});
  SECTION("a number") {
    span_source source(message);
    CHECK_THROWS_AS(source.get<std::uint32_t>(), malformed_message);
  }
  SECTION("a number, when all is read") {
    span_source source(message);
    static_cast<void>(source.get<std::uint16_t>());
    static_cast<void>(source.get<std::uint8_t>());
    CHECK_THROWS_AS(source.get<std::uint8_t>(), malformed_message);
  }
  SECTION("bytes") {
    span_source source(message);
    std::vector<std::byte> room(4);
    CHECK_THROWS_AS(source.read(room), malformed_message);
  }
  SECTION("pieces") {
    span_source source(message);
    CHECK_THROWS_AS(source.read_pieces(4, [](auto) {}), malformed_message);
  }
  SECTION("over several windows") {
    heddle_test::piecewise_source source(message, 2);
    CHECK_THROWS_AS(source.get<std::uint32_t>(), malformed_message);
  }
}

TEST_CASE("a window that reaches beyond the end of the message is cut there", "[process][byte_source]") {
  class long_window final : public byte_source {
   public:
    explicit long_window(std::span<const std::byte> window) : byte_source(3, default_max) { set_window(window); }

   private:
    void next_window(std::uint64_t) override { FAIL("asked for more than there is"); }
  };
  const auto memory = bytes_of({1, 2, 3, 4, 5, 6, 7, 8});
  long_window source(memory);
  CHECK(source.left() == 3);
  CHECK_THROWS_AS(source.get<std::uint32_t>(), malformed_message);
  CHECK(source.left() == 3);
}

TEST_CASE("a source that has no more bytes than it promised is an error, not an endless loop",
          "[process][byte_source]") {
  class empty_windows final : public byte_source {
   public:
    empty_windows() : byte_source(8, default_max) {}

   private:
    void next_window(std::uint64_t) override { set_window({}); }
  };
  empty_windows source;
  CHECK_THROWS_AS(source.get<std::uint64_t>(), malformed_message);
}

TEST_CASE("a number of elements is refused before it is believed", "[process][byte_source]") {
  const auto count_of = [](std::uint64_t count, std::size_t bytes_behind, std::size_t least, std::size_t memory,
                           std::uint64_t max = default_max) {
    auto message = message_of(count);
    message.resize(message.size() + bytes_behind);
    span_source source(message, max);
    return source.get_count(least, memory);
  };
  CHECK(count_of(3, 12, 4, 4) == 3);
  CHECK_THROWS_AS(count_of(4, 12, 4, 4), malformed_message);
  CHECK_THROWS_AS(count_of(std::uint64_t{1} << 62U, 12, 4, 4), malformed_message);
  CHECK_THROWS_AS(count_of(std::numeric_limits<std::uint64_t>::max(), 12, 8, 8), malformed_message);
  // Elements of no size count as one byte.
  CHECK(count_of(12, 12, 0, 0) == 12);
  CHECK_THROWS_AS(count_of(13, 12, 0, 0), malformed_message);
  // Memory.
  CHECK(count_of(10, 10, 1, 100, 1000) == 10);
  CHECK_THROWS_AS(count_of(10, 10, 1, 101, 1000), message_too_large);
  CHECK_THROWS_AS(count_of(10, 10, 1, std::numeric_limits<std::size_t>::max()), message_too_large);
}

TEST_CASE("memory is counted over the whole message", "[process][byte_source]") {
  const auto message = message_of(std::uint64_t{1}, std::uint64_t{0});
  span_source source(message, 100);
  source.claim_memory(50);
  CHECK(source.get_count(1, 40) == 1);
  CHECK_THROWS_AS(source.claim_memory(11), message_too_large);
  source.claim_memory(10);
}

TEST_CASE("the texts of errors say what, why and what to do", "[process][byte_source]") {
  using Catch::Matchers::Equals;
  const auto message = message_of(std::uint64_t{1} << 62U, 1);
  span_source source(message);
  CHECK_THROWS_WITH(source.get_count(4, 4),
                    Equals("malformed message: it announces 4611686018427387904 elements, and 4 bytes are left for "
                           "them; the process that wrote it is broken, or runs another program: trust nothing else it "
                           "wrote"));
  span_source limited(message, 10);
  CHECK_THROWS_WITH(limited.claim_memory(11),
                    Equals("cannot decode: the value would take more memory than the limit for messages allows; raise "
                           "the limit, or send less"));
}
