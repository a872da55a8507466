// SPDX-License-Identifier: MIT
#include <cstddef>
#include <heddle/base/stable_array.hpp>
#include <support/allocation_count.hpp>
#include <support/catch.hpp>
#include <vector>

using heddle::base::stable_array;

TEST_CASE("a stable array keeps its elements where they are while it grows", "[stable_array]") {
  stable_array<std::size_t> numbers;
  std::vector<std::size_t*> places;
  for (std::size_t i = 0; i < 1000; ++i) {
    CHECK(numbers.size() == i);
    std::size_t& added = numbers.add();
    CHECK(added == 0);
    added = i;
    places.push_back(&added);
  }
  for (std::size_t i = 0; i < 1000; ++i) {
    CHECK(&numbers[i] == places[i]);
    CHECK(numbers[i] == i);
  }
}

TEST_CASE("a stable array asks for memory seldom", "[stable_array]") {
  stable_array<int> numbers;
  const std::size_t allocations = heddle_test::allocations_in([&] {
    for (int i = 0; i < 4096; ++i) numbers.add() = i;
  });
  CHECK(allocations <= 20);
}
