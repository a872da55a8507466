// SPDX-License-Identifier: MIT

#include <heddle/process/codec.hpp>

#include <array>
#include <bitset>
#include <chrono>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <forward_list>
#include <functional>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <memory_resource>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include <support/catch.hpp>
#include <support/round_trip.hpp>

using namespace heddle::process;
using heddle_test::bytes_of;
using heddle_test::decoded;
using heddle_test::encoded;
using heddle_test::message_of;
using heddle_test::round_trip;

namespace {

enum class color : std::uint8_t { red, green };
enum class yes_or_no : bool { no, yes };
enum open_ended { nothing, something, everything };
constexpr std::pair<open_ended, open_ended> enum_bounds(open_ended) { return {nothing, everything}; }

/// Can be neither copied nor moved.
struct fixed {
  int value = 0;
  fixed() = default;
  explicit fixed(int v) : value(v) {}
  fixed(const fixed&) = delete;
  fixed& operator=(const fixed&) = delete;

  template <class Archive>
  void save(Archive& archive) const {
    archive(value);
  }
  template <class Archive>
  static fixed load(Archive& archive) {
    return fixed(archive.template get<int>());
  }
};

struct throws_when_moved {
  throws_when_moved() = default;
  throws_when_moved(throws_when_moved&&) { throw 1; }
  throws_when_moved& operator=(throws_when_moved&&) = default;
  template <class Archive>
  void serialize(Archive&) {}
};

struct tree {
  int value = 0;
  std::vector<tree> children;
  bool operator==(const tree&) const = default;
};

struct chain {
  std::unique_ptr<chain> next;
};

std::unique_ptr<chain> chain_of(unsigned length) {
  std::unique_ptr<chain> first;
  for (unsigned i = 0; i < length; ++i) first = std::make_unique<chain>(chain{std::move(first)});
  return first;
}

}  // namespace

TEMPLATE_TEST_CASE("the least and greatest numbers arrive", "[process][codec]", char, signed char, unsigned char,
                   wchar_t, char8_t, char16_t, char32_t, short, unsigned short, int, unsigned, long, unsigned long,
                   long long, unsigned long long, float, double, long double) {
  using limits = std::numeric_limits<TestType>;
  for (const TestType value : {TestType(), TestType(1), limits::min(), limits::max(), limits::lowest()}) {
    CHECK(round_trip(value) == value);
  }
}

TEST_CASE("floating-point numbers that are none arrive", "[process][codec]") {
  CHECK(std::isnan(round_trip(std::numeric_limits<double>::quiet_NaN())));
  CHECK(round_trip(-std::numeric_limits<float>::infinity()) == -std::numeric_limits<float>::infinity());
  CHECK(std::signbit(round_trip(-0.0)));
  CHECK(std::isnan(round_trip(std::numeric_limits<long double>::quiet_NaN())));
}

TEST_CASE("a bool is 0 or 1, and nothing else", "[process][codec]") {
  CHECK(round_trip(true));
  CHECK_FALSE(round_trip(false));
  CHECK_THROWS_AS(decoded<bool>(bytes_of({2})), malformed_message);
  CHECK_THROWS_AS(decoded<bool>(bytes_of({255})), malformed_message);
  CHECK_THROWS_AS((decoded<std::array<bool, 3>>(bytes_of({0, 1, 2}))), malformed_message);
}

TEST_CASE("an enum with a fixed underlying type has any value of that type", "[process][codec]") {
  CHECK(round_trip(color::green) == color::green);
  CHECK(decoded<color>(bytes_of({200})) == static_cast<color>(200));
  CHECK(round_trip(std::byte{77}) == std::byte{77});
  CHECK(round_trip(yes_or_no::yes) == yes_or_no::yes);
  CHECK_THROWS_AS(decoded<yes_or_no>(bytes_of({2})), malformed_message);
}

TEST_CASE("an enum without a fixed underlying type is checked against its bounds", "[process][codec]") {
  CHECK(round_trip(everything) == everything);
  CHECK_THROWS_AS(decoded<open_ended>(message_of(std::underlying_type_t<open_ended>(3))), malformed_message);
}

TEST_CASE("strings arrive, with zeros in them", "[process][codec]") {
  CHECK(round_trip(std::string()).empty());
  CHECK(round_trip(std::string("a\0b", 3)) == std::string("a\0b", 3));
  CHECK(round_trip(std::string(100000, 'x')) == std::string(100000, 'x'));
  CHECK(round_trip(std::u32string(U"\u00e4bc")) == U"\u00e4bc");
  CHECK(round_trip(std::wstring(5000, L'w')) == std::wstring(5000, L'w'));
  CHECK(round_trip(std::pmr::string("pool")) == "pool");
}

TEST_CASE("vectors of numbers arrive, of any length", "[process][codec]") {
  const std::size_t size = GENERATE(as<std::size_t>(), 0, 1, 1023, 1024, 1025, 100000);
  std::vector<double> doubles(size);
  std::vector<unsigned char> characters(size);
  std::vector<std::array<std::int16_t, 3>> triples(size);
  for (std::size_t i = 0; i < size; ++i) {
    doubles[i] = static_cast<double>(i) / 3;
    characters[i] = static_cast<unsigned char>(i);
    triples[i] = {static_cast<std::int16_t>(i), 2, 3};
  }
  CHECK(round_trip(doubles) == doubles);
  CHECK(round_trip(characters) == characters);
  CHECK(round_trip(triples) == triples);
  CHECK(encoded(doubles).size() == 8 + 8 * size);
}

TEST_CASE("a vector is received with room for its elements and no more", "[process][codec]") {
  CHECK(round_trip(std::vector<double>(100000)).capacity() == 100000);
  CHECK(round_trip(std::vector<std::string>(1000)).capacity() == 1000);
}

TEST_CASE("vectors of bool arrive, eight to a byte", "[process][codec]") {
  for (std::size_t size = 0; size < 20; ++size) {
    std::vector<bool> bits(size);
    for (std::size_t i = 0; i < size; ++i) bits[i] = i % 3 == 0;
    CHECK(round_trip(bits) == bits);
    CHECK(encoded(bits).size() == 16 + (size + 7) / 8);
  }
  CHECK_THROWS_AS(decoded<std::vector<bool>>(message_of(std::uint64_t{9}, std::uint64_t{1}, 'x')), malformed_message);
  CHECK_THROWS_AS(decoded<std::vector<bool>>(message_of(std::uint64_t{1} << 63U, (std::uint64_t{1} << 60U), 'x')),
                  malformed_message);
}

TEST_CASE("the other containers arrive", "[process][codec]") {
  CHECK(round_trip(std::deque<int>{1, 2, 3}) == std::deque<int>{1, 2, 3});
  CHECK(round_trip(std::list<std::string>{"a", "b"}) == std::list<std::string>{"a", "b"});
  CHECK(round_trip(std::forward_list<int>{3, 2, 1}) == std::forward_list<int>{3, 2, 1});
  CHECK(round_trip(std::set<std::string>{"x", "y"}) == std::set<std::string>{"x", "y"});
  CHECK(round_trip(std::set<int, std::greater<>>{1, 5, 3}) == std::set<int, std::greater<>>{1, 5, 3});
  CHECK(round_trip(std::multiset<int>{1, 1, 2}) == std::multiset<int>{1, 1, 2});
  CHECK(round_trip(std::unordered_set<int>{1, 2, 3}) == std::unordered_set<int>{1, 2, 3});
  CHECK(round_trip(std::unordered_multiset<int>{1, 1}) == std::unordered_multiset<int>{1, 1});
  CHECK(round_trip(std::map<int, std::string>{{1, "a"}, {2, "b"}}) == std::map<int, std::string>{{1, "a"}, {2, "b"}});
  CHECK(round_trip(std::multimap<int, int>{{1, 2}, {1, 1}}) == std::multimap<int, int>{{1, 2}, {1, 1}});
  CHECK(round_trip(std::unordered_map<std::string, int>{{"a", 1}}) == std::unordered_map<std::string, int>{{"a", 1}});
  CHECK(round_trip(std::unordered_multimap<int, int>{{1, 2}, {1, 1}}).count(1) == 2);
}

TEST_CASE("a set or map that has a key twice is refused", "[process][codec]") {
  const auto twice = encoded(std::vector<std::int64_t>{7, 7});
  CHECK_THROWS_AS(decoded<std::set<std::int64_t>>(twice), malformed_message);
  CHECK_THROWS_AS(decoded<std::unordered_set<std::int64_t>>(twice), malformed_message);
  CHECK(decoded<std::multiset<std::int64_t>>(twice).size() == 2);
  const auto pairs = encoded(std::vector<std::array<std::int64_t, 2>>{{7, 1}, {7, 2}});
  CHECK_THROWS_AS((decoded<std::map<std::int64_t, std::int64_t>>(pairs)), malformed_message);
  CHECK_THROWS_AS((decoded<std::unordered_map<std::int64_t, std::int64_t>>(pairs)), malformed_message);
  CHECK(decoded<std::multimap<std::int64_t, std::int64_t>>(pairs).size() == 2);
}

TEST_CASE("keys that were chosen to fall into one bucket are refused", "[process][codec]") {
  // Multiples of any number of buckets that there can be, as far as hashes of numbers are the numbers.
  std::vector<std::uint64_t> keys;
  std::unordered_set<std::uint64_t> sample;
  sample.reserve(1000);
  for (std::uint64_t i = 0; i < 1000; ++i) keys.push_back(i * sample.bucket_count());
  REQUIRE(sample.bucket(keys[1]) == sample.bucket(keys[2]));
  CHECK_THROWS_AS(decoded<std::unordered_set<std::uint64_t>>(encoded(keys)), malformed_message);
  std::vector<std::array<std::uint64_t, 2>> pairs;
  for (const std::uint64_t each : keys) pairs.push_back({each, 1});
  CHECK_THROWS_AS((decoded<std::unordered_map<std::uint64_t, std::uint64_t>>(encoded(pairs))), malformed_message);
  CHECK_THROWS_AS(decoded<std::unordered_multiset<std::uint64_t>>(encoded(keys)), malformed_message);
  CHECK_THROWS_AS((decoded<std::unordered_multimap<std::uint64_t, std::uint64_t>>(encoded(pairs))), malformed_message);
  std::unordered_multiset<int> equal;
  for (int i = 0; i < 1000; ++i) equal.insert(7);
  CHECK(round_trip(equal) == equal);
  std::unordered_multimap<int, int> alike;
  for (int i = 0; i < 1000; ++i) alike.insert({i % 3, 1});
  CHECK(round_trip(alike) == alike);
  // In the order in which they are sent.
  std::vector<std::array<std::uint64_t, 2>> numbered;
  for (std::uint64_t i = 0; i < 5; ++i) numbered.push_back({7, i});
  const auto numbers = decoded<std::unordered_multimap<std::uint64_t, std::uint64_t>>(encoded(numbered));
  std::vector<std::uint64_t> order;
  for (const auto& each : numbers) order.push_back(each.second);
  CHECK(order == std::vector<std::uint64_t>{0, 1, 2, 3, 4});
  // Each would look at all of its bucket that are like the other one.
  std::vector<std::uint64_t> apart{0};
  apart.resize(100'001, sample.bucket_count());
  apart.resize(200'000, 0);
  CHECK_THROWS_AS(decoded<std::unordered_multiset<std::uint64_t>>(encoded(apart)), malformed_message);
}

TEST_CASE("elements that are larger than a stack arrive", "[process][codec]") {
  using large = std::array<std::byte, 20'000'000>;
  std::vector<large> sent(2);
  sent[1].back() = std::byte{7};
  CHECK(round_trip(sent)[1].back() == std::byte{7});
}

TEST_CASE("values side by side arrive in their order", "[process][codec]") {
  CHECK(round_trip(std::array{1, 2, 3}) == std::array{1, 2, 3});
  CHECK(round_trip(std::array<std::string, 2>{"a", "b"}) == std::array<std::string, 2>{"a", "b"});
  CHECK(round_trip(std::array<int, 0>()).empty());
  CHECK(round_trip(std::pair(1, std::string("one"))) == std::pair(1, std::string("one")));
  CHECK(round_trip(std::tuple(1, 'b', 3.0, std::string("4"))) == std::tuple(1, 'b', 3.0, std::string("4")));
  CHECK(round_trip(std::tuple<>()) == std::tuple<>());
}

TEST_CASE("something optional arrives, and so does nothing", "[process][codec]") {
  CHECK(round_trip(std::optional<int>(3)) == 3);
  CHECK(round_trip(std::optional<int>()) == std::nullopt);
  CHECK(round_trip(std::optional<std::optional<int>>(std::optional<int>())).has_value());
  CHECK(*round_trip(std::make_unique<int>(3)) == 3);
  CHECK(round_trip(std::unique_ptr<std::string>()) == nullptr);
  CHECK_THROWS_AS(decoded<std::optional<int>>(bytes_of({2, 0, 0, 0, 0})), malformed_message);
  CHECK_THROWS_AS(decoded<std::unique_ptr<int>>(bytes_of({3, 0, 0, 0, 0})), malformed_message);
}

TEST_CASE("a variant arrives with its alternative", "[process][codec]") {
  using variant = std::variant<std::monostate, int, std::string, int>;
  CHECK(round_trip(variant()) == variant());
  CHECK(round_trip(variant("text")) == variant("text"));
  CHECK(round_trip(variant(std::in_place_index<3>, 7)).index() == 3);
  CHECK_THROWS_AS(decoded<variant>(bytes_of({4})), malformed_message);
  CHECK_THROWS_AS(decoded<variant>(bytes_of({255})), malformed_message);
}

TEST_CASE("a variant that lost its value is refused where it is sent", "[process][codec]") {
  std::variant<int, throws_when_moved> lost;
  CHECK_THROWS_AS(lost = throws_when_moved(), int);
  REQUIRE(lost.valueless_by_exception());
  vector_sink sink;
  CHECK_THROWS_AS(encode(sink, lost), codec_error);
}

TEST_CASE("other values of the standard library arrive", "[process][codec]") {
  using namespace std::chrono_literals;
  CHECK(round_trip(std::chrono::nanoseconds(-5)) == -5ns);
  CHECK(round_trip(std::chrono::duration<double>(2.5)).count() == 2.5);
  const auto now = std::chrono::system_clock::now();
  CHECK(round_trip(now) == now);
  CHECK(round_trip(std::chrono::steady_clock::time_point(3s)).time_since_epoch() == 3s);
  CHECK(round_trip(std::filesystem::path("/a/b c")) == "/a/b c");
  CHECK(round_trip(std::complex(1.5, -2.0)) == std::complex(1.5, -2.0));
  CHECK(round_trip(std::vector<std::complex<float>>(10, {1, 2})) == std::vector<std::complex<float>>(10, {1, 2}));
  CHECK(round_trip(std::bitset<13>(0x1555)) == std::bitset<13>(0x1555));
  CHECK(round_trip(std::bitset<0>()) == std::bitset<0>());
  CHECK(round_trip(std::vector<std::monostate>(3)).size() == 3);
}

TEST_CASE("containers of containers arrive", "[process][codec]") {
  const std::map<std::string, std::vector<std::optional<std::pair<int, std::string>>>> value = {
      {"a", {std::nullopt, std::pair(1, "x")}}, {"b", {}}};
  CHECK(round_trip(value) == value);
  std::vector<std::unique_ptr<std::vector<int>>> pointers;
  pointers.push_back(std::make_unique<std::vector<int>>(3, 4));
  pointers.push_back(nullptr);
  const auto arrived = round_trip(pointers);
  CHECK(*arrived[0] == std::vector(3, 4));
  CHECK(arrived[1] == nullptr);
}

TEST_CASE("what can neither be copied nor moved arrives where it is", "[process][codec]") {
  std::list<fixed> list;
  list.emplace_back(1);
  list.emplace_back(2);
  CHECK(round_trip(list).back().value == 2);
  std::forward_list<fixed> forward;
  forward.emplace_front(3);
  CHECK(round_trip(forward).front().value == 3);
  std::map<int, fixed> map;
  map.emplace(1, 4);
  CHECK(round_trip(map).at(1).value == 4);
  CHECK(round_trip(std::make_unique<fixed>(5))->value == 5);
  CHECK(round_trip(std::make_unique<std::optional<fixed>>(std::in_place, 6))->value().value == 6);
  const std::array<fixed, 2> array{fixed(7), fixed(8)};
  vector_sink sink;
  encode(sink, array);
  const auto message = sink.take();
  span_source source(message);
  CHECK(decode<std::array<fixed, 2>>(source)[1].value == 8);
}

TEMPLATE_TEST_CASE("a container that announces more elements than can be there is refused before it allocates",
                   "[process][codec]", std::string, std::vector<char>, std::vector<double>, std::vector<bool>,
                   std::deque<int>, std::list<int>, std::forward_list<int>, std::set<int>, std::unordered_set<int>,
                   (std::map<int, int>), (std::unordered_map<int, int>), std::vector<std::monostate>,
                   std::vector<std::string>, std::vector<tree>, std::filesystem::path) {
  for (const std::uint64_t count : {std::uint64_t{9}, std::uint64_t{1} << 40U, std::uint64_t{1} << 62U,
                                    std::numeric_limits<std::uint64_t>::max()}) {
    CAPTURE(count);
    CHECK_THROWS_AS(decoded<TestType>(message_of(count, std::uint64_t{0})), malformed_message);
  }
}

TEST_CASE("the memory of what is decoded is limited", "[process][codec]") {
  // One byte of the message for each 800 bytes of memory.
  using wide = std::optional<std::array<double, 100>>;
  const auto message = encoded(std::vector<wide>(100));
  CHECK(decoded<std::vector<wide>>(message, 100 * sizeof(wide)).size() == 100);
  CHECK_THROWS_AS(decoded<std::vector<wide>>(message, 100 * sizeof(wide) - 1), message_too_large);
  // All containers of a message count.
  const auto strings = encoded(std::vector<std::string>(10, std::string(100, 'x')));
  CHECK(decoded<std::vector<std::string>>(strings, 10 * (sizeof(std::string) + 100)).size() == 10);
  CHECK_THROWS_AS(decoded<std::vector<std::string>>(strings, 10 * (sizeof(std::string) + 100) - 1), message_too_large);
  const auto pointer = encoded(std::make_unique<int>(1));
  CHECK_THROWS_AS(decoded<std::unique_ptr<int>>(pointer, 3), message_too_large);
}

TEST_CASE("values lie in one another a thousand levels deep, and no deeper", "[process][codec]") {
  unsigned length = 0;
  const auto arrived = round_trip(chain_of(999));
  for (const auto* each = &arrived; *each != nullptr; each = &(*each)->next) ++length;
  CHECK(length == 999);

  vector_sink sink;
  CHECK_THROWS_AS(encode(sink, chain_of(1000)), codec_error);

  const std::vector<std::byte> deep(1'000'000, std::byte{1});
  CHECK_THROWS_AS(decoded<std::unique_ptr<chain>>(deep), malformed_message);
  vector_sink counts;
  for (int i = 0; i < 100'000; ++i) {
    encode(counts, 1);
    encode(counts, std::uint64_t{1});
  }
  CHECK_THROWS_AS(decoded<tree>(counts.take()), malformed_message);
}

TEST_CASE("siblings are not levels", "[process][codec]") {
  const tree wide{1, std::vector<tree>(5000, tree{2, {}})};
  CHECK(round_trip(wide) == wide);
}

TEST_CASE("error codes arrive with the same category, if it is registered", "[process][codec]") {
  class own_category : public std::error_category {
   public:
    [[nodiscard]] const char* name() const noexcept override { return "heddle test"; }
    [[nodiscard]] std::string message(int) const override { return "own"; }
  };
  static const own_category own;
  const std::error_code code(5, own);
  vector_sink sink;
  CHECK_THROWS_AS(encode(sink, code), codec_error);
  error_categories::registered().add(own);
  CHECK(round_trip(code) == code);
  CHECK(&round_trip(code).category() == &own);
  CHECK(round_trip(std::make_error_code(std::errc::io_error)) == std::errc::io_error);
  CHECK(round_trip(std::error_code(2, std::system_category())).category() == std::system_category());
  CHECK(round_trip(std::make_error_condition(std::errc::timed_out)) == std::errc::timed_out);
  CHECK_THROWS_AS(decoded<std::error_code>(message_of(5, std::string("unheard of"))), malformed_message);
}
