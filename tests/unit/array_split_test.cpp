// SPDX-License-Identifier: MIT
// array_split() and split(): which parts, of which types, at what cost, and what bad arguments are told.

#include <heddle/array_split.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <forward_list>
#include <functional>
#include <initializer_list>
#include <limits>
#include <numeric>
#include <ranges>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <support/allocation_count.hpp>
#include <support/catch.hpp>

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;
using heddle::array_split;
using heddle::split;
using lists = std::vector<std::vector<int>>;

namespace {

std::vector<int> numbers(std::size_t count) {
  std::vector<int> values(count);
  std::iota(values.begin(), values.end(), 0);
  return values;
}

/// The elements of every part, copied.
template <class Parts>
lists contents(const Parts& parts) {
  lists all;
  for (auto&& part : parts) all.emplace_back(part.begin(), part.end());
  return all;
}

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("array_split gives the first parts one element more", "[array_split]") {
  auto xs = numbers(10);
  CHECK(contents(array_split(xs, 3)) == lists{{0, 1, 2, 3}, {4, 5, 6}, {7, 8, 9}});
  CHECK(contents(array_split(xs, 4)) == lists{{0, 1, 2}, {3, 4, 5}, {6, 7}, {8, 9}});
  CHECK(contents(array_split(xs, 5)) == lists{{0, 1}, {2, 3}, {4, 5}, {6, 7}, {8, 9}});
  CHECK(contents(array_split(xs, 1)) == lists{numbers(10)});
}

TEST_CASE("more sections than elements give single elements, then empty parts", "[array_split]") {
  auto xs = numbers(3);
  CHECK(contents(array_split(xs, 5)) == lists{{0}, {1}, {2}, {}, {}});
}

TEST_CASE("an empty range gives that many empty parts", "[array_split]") {
  std::vector<int> none;
  CHECK(contents(array_split(none, 3)) == lists{{}, {}, {}});
  CHECK(contents(array_split(std::span<int>(), 2)) == lists{{}, {}});
  CHECK(contents(split(none, 3)) == lists{{}, {}, {}});
}

TEST_CASE("the parts of a contiguous range are spans of its elements", "[array_split]") {
  auto xs = numbers(4);
  const auto parts = array_split(xs, 2);
  STATIC_REQUIRE(std::is_same_v<decltype(parts[0]), std::span<int>>);
  parts[1][0] = 70;
  CHECK(xs == std::vector{0, 1, 70, 3});
  CHECK(parts[1].data() == xs.data() + 2);
}

TEST_CASE("the parts of a constant range are constant", "[array_split]") {
  const auto xs = numbers(3);
  STATIC_REQUIRE(std::is_same_v<decltype(array_split(xs, 2)[0]), std::span<const int>>);
  STATIC_REQUIRE(std::is_same_v<decltype(array_split(xs, {1})), std::vector<std::span<const int>>>);
  CHECK(contents(array_split(xs, 2)) == lists{{0, 1}, {2}});
}

TEST_CASE("arrays, strings, spans and views of them can be split", "[array_split]") {
  int plain[] = {1, 2, 3};
  CHECK(contents(array_split(plain, 2)) == lists{{1, 2}, {3}});
  std::array<int, 3> fixed{1, 2, 3};
  CHECK(contents(array_split(fixed, 2)) == lists{{1, 2}, {3}});
  const auto words = array_split(std::string_view("abcde"), 2);
  CHECK(std::string(words[1].begin(), words[1].end()) == "de");
  CHECK(contents(array_split(std::span(plain).subspan(1), 2)) == lists{{2}, {3}});
  CHECK(contents(array_split(std::views::iota(5, 9), 2)) == lists{{5, 6}, {7, 8}});
  std::deque<int> queue{1, 2, 3, 4, 5};
  CHECK(contents(array_split(queue, 2)) == lists{{1, 2, 3}, {4, 5}});
  auto doubled = queue | std::views::transform([](int x) { return 2 * x; });
  CHECK(contents(array_split(doubled, 2)) == lists{{2, 4, 6}, {8, 10}});
  std::vector<bool> bits{true, false, true};
  CHECK(contents(array_split(bits, 2)) == lists{{1, 0}, {1}});
}

TEST_CASE("a part of a range that is not contiguous is a subrange with a size that writes through", "[array_split]") {
  std::deque<int> queue{1, 2, 3};
  const auto parts = array_split(queue, 2);
  STATIC_REQUIRE(std::is_same_v<decltype(parts[0]), std::ranges::subrange<std::deque<int>::iterator>>);
  CHECK(parts[0].size() == 2);
  parts[1][0] = 30;
  CHECK(queue.back() == 30);
}

TEST_CASE("the parts outlive the view that made them and the view outlives the span it split", "[array_split]") {
  auto xs = numbers(4);
  const auto last = --array_split(std::span(xs), 2).end();
  CHECK((*last).data() == xs.data() + 2);
}

TEST_CASE("the sections are a random-access range", "[array_split]") {
  auto xs = numbers(7);
  const auto parts = array_split(xs, 3);
  REQUIRE(parts.size() == 3);
  CHECK_FALSE(parts.empty());
  CHECK(parts.front().size() == 3);
  CHECK(parts.back().data() == xs.data() + 5);
  const auto begin = parts.begin();
  const auto end = parts.end();
  CHECK(end - begin == 3);
  CHECK(begin - end == -3);
  CHECK(begin + 3 == end);
  CHECK(3 + begin == end);
  CHECK(end - 3 == begin);
  CHECK(begin < end);
  CHECK_FALSE(begin > begin);
  CHECK(begin[2].data() == parts[2].data());
  CHECK(end[-1].data() == parts[2].data());
  auto moving = begin;
  CHECK((*moving++).data() == parts[0].data());
  CHECK((*moving).data() == parts[1].data());
  CHECK((*++moving).data() == parts[2].data());
  CHECK((*moving--).data() == parts[2].data());
  CHECK((*--moving).data() == parts[0].data());
  moving += 2;
  moving -= 1;
  CHECK((*moving).data() == parts[1].data());
}

TEST_CASE("sections that were made from nothing are empty", "[array_split]") {
  const heddle::array_sections<int*> none;
  CHECK(none.size() == 0);
  CHECK(none.begin() == none.end());
}

TEST_CASE("algorithms run over the sections", "[array_split]") {
  auto xs = numbers(100);
  const auto parts = array_split(xs, 7);
  CHECK(std::ranges::count_if(parts, [](auto part) { return part.size() == 15; }) == 2);
  auto sums = parts | std::views::reverse |
              std::views::transform([](auto part) { return std::accumulate(part.begin(), part.end(), 0); });
  CHECK(std::accumulate(sums.begin(), sums.end(), 0) == 4950);
  const auto middle = std::ranges::lower_bound(parts, 50, {}, [](auto part) { return part.back(); });
  CHECK(middle - parts.begin() == 3);
}

TEMPLATE_TEST_CASE("a count of any integer type will do", "[array_split]", signed char, unsigned char, short,
                   unsigned short, int, unsigned, long, unsigned long, long long, unsigned long long) {
  auto xs = numbers(5);
  const TestType two = 2;
  const TestType five = 5;
  const std::vector<TestType> indices{2, 5};
  CHECK(contents(array_split(xs, two)) == lists{{0, 1, 2}, {3, 4}});
  CHECK(array_split(xs, two)[static_cast<TestType>(1)].size() == 2);
  CHECK(contents(split(xs, five)).size() == 5);
  CHECK(contents(array_split(xs, indices)) == lists{{0, 1}, {2, 3, 4}, {}});
  CHECK_THROWS_AS(array_split(xs, TestType{0}), std::invalid_argument);
  CHECK_THROWS_AS(split(xs, TestType{0}), std::invalid_argument);
  if constexpr (std::is_signed_v<TestType>) {
    CHECK_THROWS_AS(array_split(xs, std::numeric_limits<TestType>::min()), std::invalid_argument);
    CHECK_THROWS_AS(split(xs, static_cast<TestType>(-5)), std::invalid_argument);
  }
}

TEST_CASE("a bad number of sections is told with what, why and what to do", "[array_split]") {
  auto xs = numbers(10);
  CHECK_THAT(message_of([&] { (void)array_split(xs, 0); }),
             StartsWith("number sections must be larger than 0, not 0: ") && ContainsSubstring("1 or more"));
  CHECK_THAT(message_of([&] { (void)array_split(xs, -3); }), ContainsSubstring("larger than 0, not -3: "));
  CHECK_THAT(message_of([&] { (void)split(xs, 0U); }), ContainsSubstring("larger than 0, not 0: "));
  CHECK_THAT(message_of([&] { (void)split(xs, -5LL); }), ContainsSubstring("larger than 0, not -5: "));
  CHECK_THAT(message_of([&] { (void)array_split(xs, static_cast<std::size_t>(-3)); }),
             ContainsSubstring("less than 2^63, not 18446744073709551613: ") && ContainsSubstring("negative number"));
}

TEST_CASE("split cuts into equal parts or says that it cannot", "[array_split]") {
  auto xs = numbers(6);
  CHECK(contents(split(xs, 3)) == lists{{0, 1}, {2, 3}, {4, 5}});
  CHECK(contents(split(xs, 6)) == lists{{0}, {1}, {2}, {3}, {4}, {5}});
  CHECK_THROWS_AS(split(xs, 12), std::invalid_argument);
  CHECK_THAT(message_of([&] { (void)split(xs, 4); }),
             StartsWith("array split does not result in an equal division: ") && ContainsSubstring("6 elements") &&
                 ContainsSubstring("4 equal parts") && ContainsSubstring("use array_split()"));
}

TEST_CASE("sizes and counts of 63 bits do not overflow", "[array_split]") {
  const auto long_range = std::views::iota(std::uint64_t{0}, std::uint64_t{1} << 40);
  const auto thirds = array_split(long_range, 3);
  CHECK(*thirds[2].begin() == 733007751851U);
  CHECK(static_cast<std::uint64_t>(thirds[2].size()) == 366503875925U);

  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const auto longest_range = std::views::iota(std::int64_t{0}, most);
  const auto singles = array_split(longest_range, most);
  CHECK(singles.size() == std::uint64_t{most});
  CHECK(singles.end() - singles.begin() == most);
  CHECK(*singles[most - 1].begin() == most - 1);
  CHECK(static_cast<std::uint64_t>(singles[most - 1].size()) == 1);
  CHECK(*split(longest_range, 7)[6].begin() == most / 7 * 6);
  CHECK(*array_split(longest_range, {most - 1, -1})[1].begin() == most - 1);

  auto xs = numbers(2);
  CHECK(array_split(xs, most)[1].size() == 1);
  CHECK(array_split(xs, most)[most - 1].empty());
  CHECK(array_split(xs, most).back().data() == xs.data() + 2);
}

TEST_CASE("sections are made, walked and indexed without an allocation", "[array_split]") {
  auto xs = numbers(1000);
  std::deque<int> queue(1000, 1);
  std::size_t seen = 0;
  CHECK(heddle_test::allocations_in([&] {
          for (const auto part : array_split(xs, 7)) seen += part.size();
          for (const auto part : split(queue, 10)) seen += static_cast<std::size_t>(part.size());
          seen += array_split(xs, 2)[1].size();
        }) == 0);
  CHECK(seen == 2500);
}

TEST_CASE("parts between indices take one allocation", "[array_split]") {
  auto xs = numbers(1000);
  const std::vector<int> indices(100, 5);
  const std::forward_list<int> listed(100, 5);
  CHECK(heddle_test::allocations_in([&] { (void)array_split(xs, indices); }) == 1);
  CHECK(heddle_test::allocations_in([&] { (void)array_split(xs, listed); }) == 1);
  CHECK(heddle_test::allocations_in([&] { (void)array_split(xs, {1, 2, 3, 4, 5, 6, 7, 8, 9}); }) == 1);
}

TEST_CASE("indices cut a range before each of them", "[array_split]") {
  auto xs = numbers(6);
  CHECK(contents(array_split(xs, {2, 5})) == lists{{0, 1}, {2, 3, 4}, {5}});
  CHECK(contents(array_split(xs, {0, 6})) == lists{{}, {0, 1, 2, 3, 4, 5}, {}});
  CHECK(contents(array_split(xs, {3, 3})) == lists{{0, 1, 2}, {}, {3, 4, 5}});
  CHECK(contents(split(xs, {2, 5})) == lists{{0, 1}, {2, 3, 4}, {5}});
}

TEST_CASE("no index leaves the range whole", "[array_split]") {
  auto xs = numbers(3);
  CHECK(contents(array_split(xs, {})) == lists{{0, 1, 2}});
  CHECK(contents(split(xs, {})) == lists{{0, 1, 2}});
  CHECK(contents(array_split(xs, std::vector<int>())) == lists{{0, 1, 2}});
}

TEST_CASE("an index beyond the end means the end", "[array_split]") {
  auto xs = numbers(4);
  CHECK(contents(array_split(xs, {2, 9, 12})) == lists{{0, 1}, {2, 3}, {}, {}});
  CHECK(contents(array_split(xs, {std::numeric_limits<std::uint64_t>::max()})) == lists{{0, 1, 2, 3}, {}});
  std::vector<int> none;
  CHECK(contents(array_split(none, {0, 1, -1})) == lists{{}, {}, {}, {}});
}

TEST_CASE("a negative index counts from the end", "[array_split]") {
  auto xs = numbers(5);
  CHECK(contents(array_split(xs, {-2})) == lists{{0, 1, 2}, {3, 4}});
  CHECK(contents(array_split(xs, {1, -1})) == lists{{0}, {1, 2, 3}, {4}});
  CHECK(contents(array_split(xs, {-5})) == lists{{}, {0, 1, 2, 3, 4}});
  CHECK(contents(array_split(xs, {-9})) == lists{{}, {0, 1, 2, 3, 4}});
  CHECK(contents(array_split(xs, {std::numeric_limits<std::int64_t>::min()})) == lists{{}, {0, 1, 2, 3, 4}});
}

TEST_CASE("a part between indices out of order is empty and parts may overlap", "[array_split]") {
  auto xs = numbers(5);
  const auto parts = array_split(xs, {4, 1});
  CHECK(contents(parts) == lists{{0, 1, 2, 3}, {}, {1, 2, 3, 4}});
  CHECK(parts[1].data() == xs.data() + 4);
  CHECK(contents(array_split(xs, {-1, -3, 9})) == lists{{0, 1, 2, 3}, {}, {2, 3, 4}, {}});
}

TEST_CASE("indices of one list may have different types", "[array_split]") {
  auto xs = numbers(6);
  const std::size_t size = xs.size();
  const short two = 2;
  CHECK(contents(array_split(xs, {two, size / 2, -1LL})) == lists{{0, 1}, {2}, {3, 4}, {5}});
}

TEST_CASE("indices may come from any input range of integers", "[array_split]") {
  auto xs = numbers(6);
  const lists expected{{0, 1}, {2, 3, 4}, {5}};
  const std::forward_list<long> listed{2, 5};
  CHECK(contents(array_split(xs, listed)) == expected);
  CHECK(contents(array_split(xs, std::vector<unsigned>{2, 5})) == expected);
  CHECK(contents(array_split(xs, std::array<signed char, 2>{2, 5})) == expected);
  const int plain[] = {2, 5};
  CHECK(contents(array_split(xs, plain)) == expected);
  CHECK(contents(array_split(xs, listed | std::views::transform([](long i) { return i; }))) == expected);
  std::istringstream text("2 5");
  CHECK(contents(array_split(xs, std::views::istream<int>(text))) == expected);
  std::initializer_list<int> list = {2, 5};
  CHECK(contents(split(xs, list)) == expected);
}

TEST_CASE("ranges that are not contiguous are cut at indices too", "[array_split]") {
  std::deque<int> queue{0, 1, 2, 3};
  CHECK(contents(array_split(queue, {1, -1})) == lists{{0}, {1, 2}, {3}});
  CHECK(contents(array_split(std::views::iota(0, 4), {3})) == lists{{0, 1, 2}, {3}});
}
