// SPDX-License-Identifier: MIT
// What map(), starmap() and map_settled() promise on every executor, one of a user's own too.
#include <array>
#include <atomic>
#include <chrono>
#include <conformance/map_set_ups.hpp>
#include <cstddef>
#include <exception>
#include <forward_list>
#include <functional>
#include <heddle/errors.hpp>
#include <heddle/executor.hpp>
#include <heddle/inline_executor.hpp>
#include <heddle/partial.hpp>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <numeric>
#include <ranges>
#include <sstream>
#include <stdexcept>
#include <string>
#include <support/call_count.hpp>
#include <support/catch.hpp>
#include <support/counted_input.hpp>
#include <support/deadline.hpp>
#include <support/tracked.hpp>
#include <support/travelling.hpp>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::Equals;
using heddle::map_options;
using heddle_test::all;
using heddle_test::all_map_options;
using heddle_test::call_count;
using heddle_test::count_call;
using heddle_test::counted;
using heddle_test::counted_input;
using heddle_test::doubled;
using heddle_test::failing_at_each_third;
using heddle_test::first_numbers;
using heddle_test::is_over;
using heddle_test::life_counts;
using heddle_test::local_map_setups;
using heddle_test::local_setups;
using heddle_test::map_setups;
using heddle_test::moved_at_most;
using heddle_test::nothing;
using heddle_test::one_of_two;
using heddle_test::owned;
using heddle_test::travelling;

namespace {

struct summed {
  int value = 0;
  int add(int more) { return value += more; }
};

/// The results, where calls throw ints, which are given as negative ones.
template <class Results>
std::vector<int> all_with_failures(Results&& results) {
  std::vector<int> seen;
  for (auto at = results.begin(); at != results.end(); ++at) {
    try {
      seen.push_back(*at);
    } catch (int failed) {
      seen.push_back(-failed);
    }
  }
  return seen;
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("a map gives the results in the order of the input", "[conformance][map]", map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  std::vector<int> input(200);
  std::iota(input.begin(), input.end(), 0);
  std::vector<int> expected;
  std::ranges::transform(input, std::back_inserter(expected), doubled);
  CHECK_THAT(all(setup.pool.map(doubled, input)), Equals(expected));
  CHECK_THAT(all(heddle::map(setup.pool, doubled, input)), Equals(expected));
}

TEMPLATE_LIST_TEST_CASE("a map ends with its shortest range", "[conformance][map]", map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  const auto join = [](int a, const std::string& b, char c) { return std::to_string(a) + b + c; };
  const std::forward_list<std::string> words{"x", "y", "z"};
  CHECK_THAT(all(setup.pool.map(join, std::views::iota(1), words, "ab")),
             Equals(std::vector<std::string>{"1xa", "2yb", std::string("3z") + '\0'}));
  CHECK_THAT(all(setup.pool.map(join, std::vector<int>{7}, words, std::string("abc"))),
             Equals(std::vector<std::string>{"7xa"}));
}

TEMPLATE_LIST_TEST_CASE("a map over an empty range is empty and calls nothing", "[conformance][map]", map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  const call_count calls;
  const auto count = [](const std::string& place, int, int) { count_call(place); };
  auto results = setup.pool.map(heddle::partial(count, calls.place()), std::vector<int>(), std::views::iota(0));
  CHECK(results.size() == 0);
  CHECK(results.begin() == results.end());
  setup.pool.shutdown();
  CHECK(calls.value() == 0);
}

TEMPLATE_LIST_TEST_CASE("a map submits at the call, not when it is read", "[conformance][map]", map_setups) {
  const heddle_test::deadline limit;
  const call_count calls;
  HEDDLE_SET_UP(setup);
  const auto count = [](const std::string& place, int i) { return count_call(place), i; };
  auto results = setup.pool.map(heddle::partial(count, calls.place()), std::vector<int>{1, 2, 3});
  setup.pool.shutdown();
  CHECK(calls.value() == 3);
  CHECK(results.size() == 3);
  CHECK_THAT(all(results), Equals(std::vector<int>{1, 2, 3}));
  CHECK(results.size() == 0);
}

TEMPLATE_LIST_TEST_CASE("a map goes on after a call that failed", "[conformance][map]", map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  CHECK_THAT(all_with_failures(setup.pool.map(failing_at_each_third, first_numbers(6))),
             Equals(std::vector<int>{0, -1, 2, 3, -4, 5}));
}

TEMPLATE_LIST_TEST_CASE("a map takes elements of every kind", "[conformance][map]", map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  std::vector<std::unique_ptr<int>> owners;
  owners.push_back(std::make_unique<int>(3));
  owners.push_back(std::make_unique<int>(4));
  const auto deref = [](const std::unique_ptr<int>& owner) { return *owner; };
  const std::ranges::subrange moved(std::move_iterator(owners.begin()), std::move_iterator(owners.end()));
  CHECK_THAT(all(setup.pool.map(deref, moved)), Equals(std::vector<int>{3, 4}));
  CHECK(owners[0] == nullptr);

  const auto negated = [](bool bit) { return bit ? 0 : 1; };
  CHECK_THAT(all(setup.pool.map(negated, std::vector<bool>{true, false})), Equals(std::vector<int>{0, 1}));

  std::istringstream numbers("5 6 7");
  CHECK_THAT(all(setup.pool.map(
                 doubled, std::ranges::subrange(std::istream_iterator<int>(numbers), std::istream_iterator<int>()))),
             Equals(std::vector<int>{10, 12, 14}));
}

TEMPLATE_LIST_TEST_CASE("a map takes members of its elements", "[conformance][map]", local_map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  std::vector<summed> objects{{1}, {2}};
  CHECK_THAT(all(setup.pool.map(&summed::value, objects)), Equals(std::vector<int>{1, 2}));

  int calls = 0;
  for (auto&& nothing :
       heddle::inline_executor().map([&](int) { ++calls; }, objects | std::views::transform(&summed::value))) {
    static_cast<void>(nothing);
  }
  CHECK(calls == 2);
}

TEMPLATE_LIST_TEST_CASE("a map takes its callable once and elements by one copy", "[conformance][map]", map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  life_counts callable;
  life_counts element;
  {
    std::vector<travelling> elements;
    elements.reserve(3);
    for (int i = 0; i < 3; ++i) elements.emplace_back(element);
    auto results = setup.pool.map(heddle::partial(one_of_two, travelling(callable)), elements);
    CHECK_THAT(all(results), Equals(std::vector<int>{1, 1, 1}));
    setup.pool.shutdown();
    CHECK(callable.alive == 0);
    CHECK(element.alive == 3);
  }
  CHECK(callable.copies == 0);
  CHECK(element.copies == 3);
}

TEMPLATE_LIST_TEST_CASE("a result of a map is gone when the next one is read", "[conformance][map]", map_setups) {
  const heddle_test::deadline limit;
  const life_counts& counts = travelling::of_this_process();
  HEDDLE_SET_UP(setup);
  auto results = setup.pool.map(counted, std::vector<int>{1, 2});
  auto at = results.begin();
  static_cast<void>(*at);
  setup.pool.shutdown();
  CHECK(counts.alive == 2);
  ++at;
  CHECK(counts.alive == 1);
  static_cast<void>(*at);
  ++at;
  CHECK(counts.alive == 0);
  CHECK(at == results.end());
}

TEMPLATE_LIST_TEST_CASE("a map with options gives the results of one without", "[conformance][map]", map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  const std::vector<int> input = first_numbers(40);
  const std::vector<int> expected = all(setup.pool.map(doubled, input));
  for (const map_options& options : all_map_options) {
    CHECK_THAT(all(setup.pool.map(doubled, options, input)), Equals(expected));
    CHECK_THAT(all(heddle::map(setup.pool, std::plus<>(), options, input, std::views::iota(0))), Equals(expected));
    CHECK_THAT(all(setup.pool.map(doubled, options, std::forward_list<int>())), Equals(std::vector<int>()));
  }
  for (const std::size_t chunksize : {6U, 39U, 40U, 50U}) {
    CHECK_THAT(all(setup.pool.map(doubled, {.chunksize = chunksize}, input)), Equals(expected));
  }
  constexpr std::size_t huge = (std::numeric_limits<std::size_t>::max)();
  CHECK_THAT(all(setup.pool.map(doubled, {.chunksize = huge, .buffersize = huge}, input)), Equals(expected));
}

TEMPLATE_LIST_TEST_CASE("a map with a chunksize of zero says what to do", "[conformance][map]", map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  CHECK_THROWS_AS(setup.pool.map(doubled, {.chunksize = 0}, std::vector<int>{1}), std::invalid_argument);
  CHECK_THROWS_WITH(setup.pool.map(doubled, {.chunksize = 0, .buffersize = 2}, std::vector<int>{1}),
                    ContainsSubstring("must be at least 1"));
}

TEMPLATE_LIST_TEST_CASE("a map with options goes on after a call that failed, and hides no neighbour in its chunk",
                        "[conformance][map]", map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  for (const map_options& options : all_map_options) {
    CHECK_THAT(all_with_failures(setup.pool.map(failing_at_each_third, options, first_numbers(7))),
               Equals(std::vector<int>{0, -1, 2, 3, -4, 5, 6}));
  }
}

TEMPLATE_LIST_TEST_CASE("a chunk is called in order, one element after the other", "[conformance][map]", map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  const auto count = +[](int) {
    static int calls = 0;  // not atomic
    return calls++;
  };
  std::vector<int> calls = all(setup.pool.map(count, {.chunksize = 100}, first_numbers(100)));
  REQUIRE(calls.size() == 100);
  const int first = calls[0];
  for (int& each : calls) each -= first;
  CHECK_THAT(calls, Equals(first_numbers(100)));
}

TEMPLATE_LIST_TEST_CASE("chunks and buffers hold results that are void or move-only", "[conformance][map]",
                        map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  const std::vector<int> input{0, 1, 2};
  for (const map_options& options : all_map_options) {
    int seen = 0;
    for (auto&& result : setup.pool.map(nothing, options, input)) {
      static_cast<void>(result);
      ++seen;
    }
    CHECK(seen == 3);
    int expected = 0;
    for (auto& each : setup.pool.map(owned, options, input)) {
      const std::unique_ptr<int> taken = std::move(each);
      CHECK(*taken == expected++);
    }
    CHECK(expected == 3);
  }
}

TEMPLATE_LIST_TEST_CASE("chunks and buffers hold results of every kind", "[conformance][map]", local_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  const std::vector<int> input{0, 1, 2};
  std::array<int, 3> targets{};
  for (const map_options& options : all_map_options) {
    std::atomic<int> calls{0};
    for (auto&& nothing : setup.pool.map([&](int) { ++calls; }, options, input)) static_cast<void>(nothing);
    CHECK(calls == 3);
    std::size_t next = 0;
    const auto referred = [&](int i) -> int& { return targets[static_cast<std::size_t>(i)]; };
    for (int& each : setup.pool.map(referred, options, input)) CHECK(&each == &targets[next++]);
    CHECK(next == 3);
    int expected = 3;
    for (auto& each : setup.pool.map([](int i) { return heddle_test::immovable_number(i + 3); }, options, input)) {
      CHECK(each.value == expected++);
    }
    CHECK(expected == 6);
  }
}

TEMPLATE_LIST_TEST_CASE("a map with options takes its callable once and elements by one copy", "[conformance][map]",
                        map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  for (const map_options& options : all_map_options) {
    life_counts callable;
    life_counts element;
    {
      std::vector<travelling> elements;
      elements.reserve(3);
      for (int i = 0; i < 3; ++i) elements.emplace_back(element);
      auto results = setup.pool.map(heddle::partial(one_of_two, travelling(callable)), options, elements);
      CHECK_THAT(all(results), Equals(std::vector<int>{1, 1, 1}));
      setup.pool.submit([] {}).result();
    }
    CHECK(callable.copies == 0);
    CHECK(element.copies == 3);
  }
}

TEMPLATE_LIST_TEST_CASE("a result of a map with options is gone when the next one is read", "[conformance][map]",
                        map_setups) {
  const heddle_test::deadline limit;
  const map_options options = GENERATE(map_options{.timeout = 1h}, map_options{.chunksize = 4},
                                       map_options{.buffersize = 10}, map_options{.chunksize = 2, .buffersize = 9});
  const life_counts& counts = travelling::of_this_process();
  HEDDLE_SET_UP(setup);
  auto results = setup.pool.map(counted, options, first_numbers(4));
  setup.pool.shutdown();
  auto at = results.begin();
  for (int left = 4; left > 0; --left) {
    CHECK(counts.alive == left);
    CHECK(*at != nullptr);
    ++at;
  }
  CHECK(counts.alive == 0);
  CHECK(at == results.end());
}

TEMPLATE_LIST_TEST_CASE("a map with a buffer reads as many inputs at the call, then one before each result",
                        "[conformance][map]", map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  int read = 0;
  auto results = setup.pool.map(doubled, {.buffersize = 4}, counted_input(read));
  CHECK(read == 4);
  auto at = results.begin();
  CHECK(read == 4);
  CHECK(*at == 0);
  CHECK(read == 5);
  CHECK(*at == 0);
  ++at;
  CHECK(read == 5);
  CHECK(*at == 2);
  CHECK(read == 6);
  ++at;
  ++at;  // without having read it
  CHECK(read == 7);
  CHECK(*at == 6);
}

TEMPLATE_LIST_TEST_CASE("a buffer counts chunks where there are chunks", "[conformance][map]", map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  int read = 0;
  auto results = setup.pool.map(doubled, {.chunksize = 3, .buffersize = 2}, counted_input(read));
  CHECK(read == 6);
  int expected = 0;
  for (const int each : results) {
    CHECK(each == 2 * expected);
    CHECK(read == 9 + expected / 3 * 3);
    if (++expected == 8) break;
  }
}

TEMPLATE_LIST_TEST_CASE("a map with a buffer takes inputs without end", "[conformance][map]", map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  for (const std::size_t chunksize : {1U, 5U}) {
    int expected = 0;
    for (const int each : setup.pool.map(doubled, {.chunksize = chunksize, .buffersize = 2}, std::views::iota(0))) {
      CHECK(each == expected);
      expected += 2;
      if (expected == 1000) break;
    }
    CHECK(expected == 1000);
  }
  CHECK_THROWS_WITH(setup.pool.map(doubled, {.chunksize = 2}, std::views::iota(0)), ContainsSubstring("buffersize"));
}

TEMPLATE_LIST_TEST_CASE("a map with a buffer refers to a range that has a name and keeps another", "[conformance][map]",
                        map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  std::array<int, 3> named{1, 2, 3};
  auto results = setup.pool.map(std::plus<>(), {.buffersize = 1}, named, std::array<int, 3>{10, 20, 30});
  named = {4, 5, 6};  // the first was copied
  auto moved = std::move(results);
  CHECK(results.begin() == results.end());
  CHECK(results.size() == 0);
  CHECK(moved.size() == 3);
  CHECK_THAT(all(moved), Equals(std::vector<int>{11, 25, 36}));
  CHECK(moved.size() == 0);
}

TEMPLATE_LIST_TEST_CASE("a map with a buffer lets its ranges and its callable go at their end", "[conformance][map]",
                        map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  life_counts counts;
  std::vector<travelling> elements;
  elements.reserve(3);
  for (int i = 0; i < 3; ++i) elements.emplace_back(counts);
  auto results =
      setup.pool.map(heddle::partial(one_of_two, travelling(counts)), {.buffersize = 2}, std::move(elements));
  CHECK(counts.alive >= 4);
  CHECK_THAT(all(results), Equals(std::vector<int>{1, 1, 1}));
  setup.pool.shutdown();
  CHECK(counts.alive == 0);
}

TEMPLATE_LIST_TEST_CASE("a map whose executor is shut down gives its buffer, then the error, and is over",
                        "[conformance][map]", map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  auto results = setup.pool.map(doubled, {.buffersize = 2}, std::views::iota(0));
  auto chunks = setup.pool.map_settled(doubled, {.chunksize = 2, .buffersize = 1}, std::views::iota(0));
  setup.pool.shutdown();
  CHECK_THROWS_AS(setup.pool.map(doubled, {.buffersize = 2}, std::views::iota(0)), heddle::executor_shutdown_error);
  auto at = results.begin();
  CHECK(*at == 0);
  ++at;
  CHECK(*at == 2);
  ++at;
  REQUIRE(at != results.end());
  CHECK_THROWS_AS(*at, heddle::executor_shutdown_error);
  CHECK(is_over(results));

  std::vector<heddle::settled<int>> kept;
  for (auto& each : chunks) kept.push_back(each);
  REQUIRE(kept.size() == 3);
  CHECK(kept[0].value() == 0);
  CHECK(kept[1].value() == 2);
  CHECK_THROWS_AS(kept[2].value(), heddle::executor_shutdown_error);
  CHECK(is_over(chunks));
}

TEMPLATE_LIST_TEST_CASE("what a range throws comes after what was read of it before", "[conformance][map]",
                        map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  const auto fail_at_five = [](int i) { return i == 5 ? throw std::out_of_range("no more than five") : i; };
  for (const map_options& options : {map_options{.buffersize = 2}, {.chunksize = 3, .buffersize = 1}}) {
    auto results = setup.pool.map(doubled, options, std::views::iota(0) | std::views::transform(fail_at_five));
    auto at = results.begin();
    for (int i = 0; i < 5; ++i, ++at) CHECK(*at == 2 * i);
    REQUIRE(at != results.end());
    CHECK_THROWS_AS(*at, std::out_of_range);
    CHECK(is_over(results));
  }
  for (const map_options& options :
       {map_options{.buffersize = 6}, {.chunksize = 3, .buffersize = 3}, {.chunksize = 9}}) {
    CHECK_THROWS_AS(setup.pool.map(doubled, options, std::views::iota(0, 9) | std::views::transform(fail_at_five)),
                    std::out_of_range);
  }
}

TEMPLATE_LIST_TEST_CASE("a timeout_error that a call throws is an error of its element only", "[conformance][map]",
                        map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  const auto call = +[](int i) { return i == 1 ? throw heddle::timeout_error("of the call") : i; };
  for (const map_options& options : all_map_options) {
    auto results = setup.pool.map(call, options, std::vector<int>{0, 1, 2});
    auto at = results.begin();
    CHECK(*at == 0);
    ++at;
    CHECK_THROWS_WITH(*at, "of the call");
    ++at;
    CHECK(*at == 2);
    ++at;
    CHECK(is_over(results));
  }
}

TEMPLATE_LIST_TEST_CASE("a map that was closed is over for ever", "[conformance][map]", map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  const auto check = [](auto results) {
    auto at = results.begin();
    CHECK(*at == 0);
    ++at;
    CHECK_THROWS_AS(*at, int);
    results.close();
    CHECK(at == results.end());
    CHECK(is_over(results));
    CHECK_THROWS_AS(*at, heddle::invalid_state_error);
    results.close();
    CHECK(is_over(results));
  };
  check(setup.pool.map(failing_at_each_third, first_numbers(5)));
  for (const map_options& options : all_map_options) {
    check(setup.pool.map(failing_at_each_third, options, first_numbers(5)));
  }
}

TEMPLATE_LIST_TEST_CASE("what making an argument from an element throws is an error of that element",
                        "[conformance][map]", map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  struct no_one {
    no_one(int number) : value(number) {  // NOLINT(google-explicit-constructor): as parameters are made
      if (number == 1) throw std::invalid_argument("one");
    }
    int value;
  };
  for (const map_options& options : all_map_options) {
    std::vector<int> seen;
    for (auto& each : setup.pool.map_settled([](no_one number) { return number.value; }, options, first_numbers(3))) {
      if (!each) CHECK_THROWS_WITH(each.value(), "one");
      seen.push_back(each ? each.value() : -1);
    }
    CHECK(seen == std::vector<int>{0, -1, 2});
  }
}

TEMPLATE_LIST_TEST_CASE("what moving a result into a settled one throws is its error", "[conformance][map]",
                        local_map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  life_counts counts;
  for (const map_options& options : all_map_options) {
    int failed = 0;
    const auto result = [&](int moves) { return moved_at_most(moves, counts); };
    for (auto& each : setup.pool.map_settled(result, options, std::vector<int>{9, 0, 9})) {
      if (each) continue;
      CHECK_THROWS_AS(each.value(), heddle_test::move_refused);
      ++failed;
    }
    CHECK(failed == 1);
  }
  setup.pool.shutdown();  // a worker that has just told of a result may still hold it
  CHECK(counts.alive == 0);
}

TEMPLATE_LIST_TEST_CASE("a settled map gives errors as values", "[conformance][map]", map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  const auto check = [](auto results) {
    CHECK(results.size() == 5);
    std::vector<heddle::settled<int>> kept;
    for (auto& each : results) kept.push_back(std::move(each));
    REQUIRE(kept.size() == 5);
    for (int i = 0; i < 5; ++i) {
      heddle::settled<int>& each = kept[static_cast<std::size_t>(i)];
      CHECK(each.has_value() == (i % 3 != 1));
      CHECK(static_cast<bool>(each) == each.has_value());
      CHECK((each.error() == nullptr) == each.has_value());
      if (each) CHECK(each.value() == i);
      if (!each) CHECK_THROWS_AS(each.value(), int);
    }
    CHECK(is_over(results));
  };
  check(setup.pool.map_settled(failing_at_each_third, first_numbers(5)));
  check(heddle::map_settled(setup.pool, failing_at_each_third, first_numbers(5)));
  for (const map_options& options : all_map_options) {
    check(setup.pool.map_settled(failing_at_each_third, options, first_numbers(5)));
  }
}

TEMPLATE_LIST_TEST_CASE("a settled map holds results that are void or move-only", "[conformance][map]", map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  for (const map_options& options : all_map_options) {
    for (auto& each : setup.pool.map_settled(nothing, options, std::vector<int>{1, 2})) {
      CHECK(each);
      each.value();
    }
    for (auto& each : setup.pool.map_settled(owned, options, std::vector<int>{1, 1})) {
      CHECK(*std::move(each).value() == 1);
    }
  }
}

TEMPLATE_LIST_TEST_CASE("a settled map holds references", "[conformance][map]", local_map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  int target = 0;
  for (const map_options& options : all_map_options) {
    for (auto& each : setup.pool.map_settled([&](int) -> int& { return target; }, options, std::vector<int>{1, 2})) {
      CHECK(&each.value() == &target);
    }
  }
}

TEMPLATE_LIST_TEST_CASE("a starmap passes the elements of each tuple", "[conformance][map]", map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  const auto join = [](const auto&... each) { return (std::to_string(each) + ...); };
  const std::map<int, char> pairs{{1, '\2'}, {3, '\4'}};
  const std::vector<std::tuple<int, long, short>> tuples{{1, 2, 3}, {4, 5, 6}};
  const std::vector<std::array<int, 4>> arrays{{1, 2, 3, 4}, {5, 6, 7, 8}};
  CHECK_THAT(all(setup.pool.starmap(join, pairs)), Equals(std::vector<std::string>{"12", "34"}));
  CHECK_THAT(all(heddle::starmap(setup.pool, join, tuples)), Equals(std::vector<std::string>{"123", "456"}));
  for (const map_options& options : all_map_options) {
    CHECK_THAT(all(setup.pool.starmap(join, options, arrays)), Equals(std::vector<std::string>{"1234", "5678"}));
  }
}

TEMPLATE_LIST_TEST_CASE("a starmap takes members, and passes the objects", "[conformance][map]", local_map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  std::vector<summed> objects{{1}, {2}};
  const std::vector<std::pair<summed*, int>> calls{{&objects[0], 10}, {&objects[1], 20}};
  CHECK_THAT(all(setup.pool.starmap(&summed::add, calls)), Equals(std::vector<int>{11, 22}));
}

TEMPLATE_LIST_TEST_CASE("a starmap moves the tuples into its calls", "[conformance][map]", map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  std::vector<std::pair<std::unique_ptr<int>, int>> owners;
  owners.emplace_back(std::make_unique<int>(3), 4);
  const std::ranges::subrange moved(std::move_iterator(owners.begin()), std::move_iterator(owners.end()));
  const auto add = [](std::unique_ptr<int> owner, int more) { return *owner + more; };
  CHECK_THAT(all(setup.pool.starmap(add, moved)), Equals(std::vector<int>{7}));
  CHECK(owners[0].first == nullptr);
}
