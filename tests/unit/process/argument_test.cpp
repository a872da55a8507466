// SPDX-License-Identifier: MIT

#include <heddle/process/argument.hpp>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <support/catch.hpp>
#include <support/round_trip.hpp>

using namespace heddle::process;

static_assert(can_travel_as_argument<std::string_view> && can_travel_as_argument<const std::u16string_view>);
static_assert(can_travel_as_argument<std::span<const std::string>> && can_travel_as_argument<int>);
static_assert(!can_travel_as_argument<std::span<std::string>> && !can_travel_as_argument<std::span<int* const>>);
static_assert(!can_travel<std::string_view> && !can_travel<std::span<const int>>);
static_assert(!can_travel_as_argument<std::vector<std::string_view>> && !can_travel_as_argument<std::span<const bool>>);

namespace {

template <class T>
std::vector<std::byte> message_with(const T& value) {
  vector_sink sink;
  encode_argument(sink, value);
  return sink.take();
}

}  // namespace

TEST_CASE("a view as an argument shows a copy that lives as long as the argument", "[process][argument]") {
  std::vector<std::byte> message = message_with(std::string_view("some text that is not short"));
  span_source source(message);
  argument<std::string_view> text(source);
  message.assign(message.size(), std::byte{0});
  CHECK(text.get() == "some text that is not short");
}

TEST_CASE("a span as an argument shows a copy", "[process][argument]") {
  const std::vector<std::string> strings{"a", "b"};
  const auto message = message_with(std::span(strings));
  span_source source(message);
  argument<std::span<const std::string>> all(source);
  CHECK(all.get().size() == 2);
  CHECK(all.get()[1] == "b");
}

TEST_CASE("a value as an argument is moved into the call", "[process][argument]") {
  const auto message = message_with(std::make_unique<int>(5));
  span_source source(message);
  argument<std::unique_ptr<int>> pointer(source);
  const std::unique_ptr<int> taken = pointer.get();
  CHECK(*taken == 5);
}
