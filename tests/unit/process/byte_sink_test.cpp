// SPDX-License-Identifier: MIT

#include <heddle/process/byte_sink.hpp>
#include <heddle/process/counting_sink.hpp>
#include <heddle/process/vector_sink.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <vector>

#include <support/catch.hpp>
#include <support/piecewise_bytes.hpp>

using namespace heddle::process;

namespace {

std::vector<std::byte> counted_up(std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 7 + i / 256);
  return bytes;
}

void write_some(byte_sink& sink, const std::vector<std::byte>& many) {
  sink.put(std::uint8_t{1});
  sink.put(std::uint64_t{0x0807060504030201});
  sink.write(many);
  sink.write({});
  sink.put(2.5);
  sink.write(std::span(many).first(many.size() / 2));
  sink.put(std::uint16_t{7});
}

std::vector<std::byte> kept(const std::vector<std::byte>& many) {
  vector_sink sink;
  write_some(sink, many);
  return sink.take();
}

}  // namespace

TEST_CASE("a vector sink keeps numbers as they lie in memory, one behind the other", "[process][byte_sink]") {
  vector_sink sink;
  CHECK(sink.size() == 0);
  sink.put(std::uint8_t{0xab});
  sink.put(std::uint32_t{0x01020304});
  CHECK(sink.size() == 5);
  std::vector<std::byte> expected(5);
  expected[0] = std::byte{0xab};
  const std::uint32_t number = 0x01020304;
  std::memcpy(expected.data() + 1, &number, 4);
  CHECK(sink.take() == expected);
}

TEST_CASE("a vector sink is empty after its bytes were taken, and goes on", "[process][byte_sink]") {
  vector_sink sink;
  sink.put(1);
  static_cast<void>(sink.take());
  CHECK(sink.size() == 0);
  CHECK(sink.take().empty());
  sink.put(std::uint8_t{3});
  CHECK(sink.take() == std::vector{std::byte{3}});
}

TEST_CASE("what is written does not depend on the size of the windows", "[process][byte_sink]") {
  const std::size_t size = GENERATE(as<std::size_t>(), 0, 1, 5, 300, 70000);
  const std::vector<std::byte> many = counted_up(size);
  const std::vector<std::byte> expected = kept(many);
  CHECK(expected.size() == 19 + size + size / 2);
  for (const std::size_t window : std::initializer_list<std::size_t>{1, 2, 3, 7, 8, 9, 64, 4096}) {
    CAPTURE(window);
    heddle_test::piecewise_sink sink(window);
    write_some(sink, many);
    CHECK(sink.take() == expected);
  }
}

TEST_CASE("a counting sink counts what another would keep", "[process][byte_sink]") {
  const std::size_t size = GENERATE(as<std::size_t>(), 0, 1, 5, 300, 70000);
  const std::vector<std::byte> many = counted_up(size);
  counting_sink sink;
  CHECK(sink.size() == 0);
  write_some(sink, many);
  CHECK(sink.size() == kept(many).size());
}

TEST_CASE("no virtual call is made as long as the window has room", "[process][byte_sink]") {
  heddle_test::piecewise_sink sink(4096);
  for (int i = 0; i < 1024; ++i) sink.put(i);
  CHECK(sink.windows() == 0);
  sink.put('x');
  CHECK(sink.windows() == 1);
}
