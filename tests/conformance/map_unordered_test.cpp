// SPDX-License-Identifier: MIT
// What map_unordered() promises on every executor, one of a user's own too.
#include <algorithm>
#include <array>
#include <atomic>
#include <conformance/map_set_ups.hpp>
#include <cstddef>
#include <functional>
#include <heddle/errors.hpp>
#include <heddle/map.hpp>
#include <heddle/partial.hpp>
#include <heddle/settled_results.hpp>
#include <memory>
#include <ranges>
#include <stdexcept>
#include <support/catch.hpp>
#include <support/counted_input.hpp>
#include <support/deadline.hpp>
#include <support/tracked.hpp>
#include <support/travelling.hpp>
#include <utility>
#include <vector>

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::Equals;
using heddle::map_options;
using heddle_test::all;
using heddle_test::all_map_options;
using heddle_test::counted;
using heddle_test::counted_input;
using heddle_test::doubled;
using heddle_test::failing_at_each_third;
using heddle_test::first_numbers;
using heddle_test::is_over;
using heddle_test::life_counts;
using heddle_test::local_setups;
using heddle_test::map_setups;
using heddle_test::nothing;
using heddle_test::one_of_two;
using heddle_test::owned;
using heddle_test::travelling;

namespace {

/// What was given, in the order of the input; each index once.
template <class Results>
std::vector<int> all_by_index(Results&& results, std::size_t size) {
  std::vector<int> values(size, -1);
  for (const int value : results) {
    int& place = values.at(results.index());
    CHECK(place == -1);
    CHECK(&values.at(results.index()) == &place);
    place = value;
  }
  return values;
}

std::vector<int> sorted(std::vector<int> values) {
  std::ranges::sort(values);
  return values;
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("an unordered map gives each result once, and says of which input", "[conformance][map]",
                        map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  const std::vector<int> input = first_numbers(200);
  const std::vector<int> expected = all(setup.pool.map(doubled, input));
  CHECK_THAT(all_by_index(setup.pool.map_unordered(doubled, input), 200), Equals(expected));
  CHECK_THAT(sorted(all(heddle::map_unordered(setup.pool, doubled, input))), Equals(expected));
  for (const map_options& options : all_map_options) {
    CHECK_THAT(all_by_index(setup.pool.map_unordered(doubled, options, input), 200), Equals(expected));
    CHECK_THAT(sorted(all(heddle::map_unordered(setup.pool, std::plus<>(), options, std::views::iota(0), input))),
               Equals(expected));
    CHECK_THAT(all(setup.pool.map_unordered(doubled, options, std::vector<int>())), Equals(std::vector<int>()));
  }
}

TEMPLATE_LIST_TEST_CASE("elements of a chunk come together and in order, also from an unordered map",
                        "[conformance][map]", map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  for (const map_options& options : {map_options{.chunksize = 5}, {.chunksize = 5, .buffersize = 3}}) {
    const std::vector<int> given = all(setup.pool.map_unordered(doubled, options, first_numbers(52)));
    REQUIRE(given.size() == 52);
    for (std::size_t i = 1; i < given.size(); ++i) {
      if (given[i] % 10 != 0) CHECK(given[i] == given[i - 1] + 2);
    }
  }
}

TEMPLATE_LIST_TEST_CASE("an unordered map goes on after a call that failed, and says of which input it was",
                        "[conformance][map]", map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  for (const map_options& options : all_map_options) {
    auto results = setup.pool.map_unordered(failing_at_each_third, options, first_numbers(7));
    std::vector<int> seen(7, 100);
    for (auto at = results.begin(); at != results.end(); ++at) {
      try {
        const int value = *at;
        seen.at(results.index()) = value;
      } catch (int failed) {
        seen.at(results.index()) = -failed;
      }
    }
    CHECK_THAT(seen, Equals(std::vector<int>{0, -1, 2, 3, -4, 5, 6}));
    CHECK_THROWS_AS(results.index(), heddle::invalid_state_error);
  }
}

TEMPLATE_LIST_TEST_CASE("an unordered map gives results that are void or move-only", "[conformance][map]", map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  const std::vector<int> input{0, 1, 2};
  for (const map_options& options : all_map_options) {
    int given = 0;
    for (auto&& result : setup.pool.map_unordered(nothing, options, input)) {
      static_cast<void>(result);
      ++given;
    }
    for (auto& each : setup.pool.map_unordered(owned, options, input)) {
      const std::unique_ptr<int> taken = std::move(each);
      given += *taken;
    }
    CHECK(given == 3 + 3);
  }
}

TEMPLATE_LIST_TEST_CASE("an unordered map gives results of every kind", "[conformance][map]", local_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  const std::vector<int> input{0, 1, 2};
  std::array<int, 3> targets{};
  for (const map_options& options : all_map_options) {
    std::atomic<int> calls{0};
    for (auto&& nothing : setup.pool.map_unordered([&](int) { ++calls; }, options, input)) static_cast<void>(nothing);
    CHECK(calls == 3);
    int given = 0;
    const auto referred = [&](int i) -> int& { return targets[static_cast<std::size_t>(i)]; };
    auto references = setup.pool.map_unordered(referred, options, input);
    for (int& each : references) {
      CHECK(&each == &targets[references.index()]);
      ++given;
    }
    for (auto& each : setup.pool.map_unordered([](int i) { return heddle_test::immovable_number(i); }, options, input))
      given += each.value;
    CHECK(given == 3 + 3);
  }
}

TEMPLATE_LIST_TEST_CASE("a result of an unordered map is gone when the next one is read", "[conformance][map]",
                        map_setups) {
  const heddle_test::deadline limit;
  const map_options options =
      GENERATE(map_options{}, map_options{.chunksize = 4}, map_options{.buffersize = 10}, map_options{.chunksize = 2});
  const life_counts& counts = travelling::of_this_process();
  HEDDLE_SET_UP(setup);
  auto results = setup.pool.map_unordered(counted, options, first_numbers(4));
  setup.pool.shutdown();
  auto at = results.begin();
  for (int left = 4; left > 0; --left) {
    CHECK(results.size() == static_cast<std::size_t>(left));
    CHECK(counts.alive == left);
    CHECK(*at != nullptr);
    ++at;
  }
  CHECK(counts.alive == 0);
  CHECK(at == results.end());
}

TEMPLATE_LIST_TEST_CASE("an unordered map takes its callable once and elements by one copy", "[conformance][map]",
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
      auto results = setup.pool.map_unordered(heddle::partial(one_of_two, travelling(callable)), options, elements);
      CHECK_THAT(all(results), Equals(std::vector<int>{1, 1, 1}));
      setup.pool.submit([] {}).result();
    }
    CHECK(callable.copies == 0);
    CHECK(element.copies == 3);
  }
}

TEMPLATE_LIST_TEST_CASE("an unordered map with a buffer reads as many inputs at the call, then one before each result",
                        "[conformance][map]", map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  int read = 0;
  auto results = setup.pool.map_unordered(doubled, {.buffersize = 4}, counted_input(read));
  CHECK(read == 4);
  auto at = results.begin();
  CHECK(read == 4);
  const int first = *at;
  CHECK(read == 5);
  CHECK(*at == first);
  CHECK(read == 5);
  ++at;
  CHECK(read == 5);
  CHECK(results.index() != static_cast<std::size_t>(first / 2));
  CHECK(read == 6);
  ++at;
  ++at;  // without having read it
  CHECK(read == 7);
  auto chunks = setup.pool.map_unordered(doubled, {.chunksize = 3, .buffersize = 2}, counted_input(read = 0));
  CHECK(read == 6);
  auto in_chunk = chunks.begin();
  for (int i = 0; i < 8; ++i, ++in_chunk) {
    CHECK(*in_chunk == 2 * static_cast<int>(chunks.index()));
    CHECK(read == 9 + i / 3 * 3);
  }
}

TEMPLATE_LIST_TEST_CASE("an unordered map with a buffer takes inputs without end", "[conformance][map]", map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  for (const map_options& options : {map_options{.buffersize = 3}, {.chunksize = 5, .buffersize = 2}}) {
    int given = 0;
    auto results = setup.pool.map_unordered(doubled, options, std::views::iota(0));
    for (const int each : results) {
      CHECK(each == 2 * static_cast<int>(results.index()));
      if (++given == 500) break;
    }
    CHECK(given == 500);
  }
  CHECK_THROWS_WITH(setup.pool.map_unordered(doubled, {.chunksize = 2}, std::views::iota(0)),
                    ContainsSubstring("buffersize"));
  CHECK_THROWS_WITH(setup.pool.map_unordered(doubled, {.chunksize = 0}, std::vector<int>{1}),
                    ContainsSubstring("must be at least 1"));
}

TEMPLATE_LIST_TEST_CASE("an unordered map can be moved while its calls run", "[conformance][map]", map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  for (const map_options& options : all_map_options) {
    auto results = setup.pool.map_unordered(doubled, options, first_numbers(40));
    const int first = *results.begin();
    auto moved = std::move(results);
    CHECK(results.begin() == results.end());
    CHECK(results.size() == 0);
    CHECK(moved.size() == 40);
    CHECK(*moved.begin() == first);
    CHECK_THAT(sorted(all(moved)), Equals(all(setup.pool.map(doubled, first_numbers(40)))));
  }
}

TEMPLATE_LIST_TEST_CASE("an unordered map whose executor is shut down gives its buffer, then the error, and is over",
                        "[conformance][map]", map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  auto results = setup.pool.map_unordered(doubled, {.buffersize = 2}, std::views::iota(0));
  auto chunks = setup.pool.map_unordered(doubled, {.chunksize = 2, .buffersize = 1}, std::views::iota(0));
  setup.pool.shutdown();
  CHECK_THROWS_AS(setup.pool.map_unordered(doubled, first_numbers(2)), heddle::executor_shutdown_error);
  auto at = results.begin();
  const int first = *at;
  ++at;
  CHECK(first + *at == 2);
  ++at;
  REQUIRE(at != results.end());
  CHECK_THROWS_AS(*at, heddle::executor_shutdown_error);
  CHECK(is_over(results));
  CHECK(*chunks.begin() == 0);
  ++chunks.begin();
  CHECK(*chunks.begin() == 2);
  ++chunks.begin();
  CHECK_THROWS_AS(chunks.index(), heddle::executor_shutdown_error);
  CHECK(is_over(chunks));
}

TEMPLATE_LIST_TEST_CASE("what a range throws comes after what an unordered map read of it before", "[conformance][map]",
                        map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  const auto fail_at_five = [](int i) { return i == 5 ? throw std::out_of_range("no more than five") : i; };
  for (const map_options& options : {map_options{.buffersize = 2}, {.chunksize = 3, .buffersize = 1}}) {
    auto results =
        setup.pool.map_unordered(doubled, options, std::views::iota(0) | std::views::transform(fail_at_five));
    auto at = results.begin();
    int sum = 0;
    for (int i = 0; i < 5; ++i, ++at) sum += *at;
    CHECK(sum == 20);
    REQUIRE(at != results.end());
    CHECK_THROWS_AS(*at, std::out_of_range);
    CHECK(is_over(results));
  }
}

TEMPLATE_LIST_TEST_CASE("an unordered map that was closed is over for ever", "[conformance][map]", map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  for (const map_options& options : all_map_options) {
    auto results = setup.pool.map_unordered(doubled, options, first_numbers(5));
    auto at = results.begin();
    static_cast<void>(*at);
    results.close();
    CHECK(at == results.end());
    CHECK(is_over(results));
    CHECK_THROWS_AS(*at, heddle::invalid_state_error);
    CHECK_THROWS_AS(results.index(), heddle::invalid_state_error);
    results.close();
    CHECK(results.size() == 0);
  }
}

TEMPLATE_LIST_TEST_CASE("errors of an unordered map can be had as values", "[conformance][map]", map_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  for (const map_options& options : all_map_options) {
    heddle::settled_results results(setup.pool.map_unordered(failing_at_each_third, options, first_numbers(5)));
    int given = 0;
    for (const heddle::settled<int>& each : results) {
      CHECK(each.has_value() == (results.index() % 3 != 1));
      if (each) CHECK(each.value() == static_cast<int>(results.index()));
      ++given;
    }
    CHECK(given == 5);
    CHECK(is_over(results));
  }
}

TEMPLATE_LIST_TEST_CASE("calls read unordered maps on their own executor", "[conformance][map]", local_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  for (const map_options& options :
       {map_options{}, {.chunksize = 3}, {.buffersize = 2}, {.chunksize = 4, .buffersize = 1}}) {
    const auto sum_of_squares = [&](int end) {
      int sum = 0;
      for (const int each : setup.pool.map_unordered([](int i) { return i * i; }, options, first_numbers(end))) {
        sum += each;
      }
      return sum;
    };
    int sum = 0;
    for (const int each : setup.pool.map_unordered(sum_of_squares, options, std::vector<int>(20, 11))) sum += each;
    CHECK(sum == 20 * 385);
  }
}
