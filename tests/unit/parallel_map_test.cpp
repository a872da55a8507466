// SPDX-License-Identifier: MIT
// parallel_map(): results in order, of every kind of type and range, and what happens when a call throws.

#include <heddle/array_split.hpp>
#include <heddle/inline_executor.hpp>
#include <heddle/parallel_map.hpp>

#include <atomic>
#include <forward_list>
#include <functional>
#include <memory>
#include <numeric>
#include <ranges>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include <support/catch.hpp>

namespace {

using heddle::parallel_map;
using heddle::thread_pool_executor;

/// Counts the live objects, and has no default constructor.
struct counted {
  static inline std::atomic<int> alive{0};
  explicit counted(int its_value) : value(its_value) { ++alive; }
  counted(counted&& other) noexcept : value(other.value) { ++alive; }
  counted& operator=(counted&&) = delete;
  ~counted() { --alive; }
  int value;
};

}  // namespace

TEST_CASE("parallel_map gives the same vector as a loop, for every size and number of workers", "[parallel_map]") {
  for (const std::size_t workers : {1U, 2U, 4U}) {
    thread_pool_executor pool{{.max_workers = workers}};
    for (const int size : {0, 1, 2, 65, 10'001}) {
      std::vector<int> input(static_cast<std::size_t>(size));
      std::iota(input.begin(), input.end(), 0);
      std::vector<std::string> expected;
      for (const int n : input) expected.push_back(std::to_string(n));
      CAPTURE(workers, size);
      REQUIRE(parallel_map(pool, [](int n) { return std::to_string(n); }, input) == expected);
    }
  }
}

TEST_CASE("parallel_map takes several ranges of different kinds up to the end of the shortest", "[parallel_map]") {
  const std::vector<int> numbers{1, 2, 3, 4};
  const std::set<int> set{10, 20, 30};
  std::forward_list<int> list{100, 200, 300, 400, 500};
  const auto sum = [](int a, int b, int c, int d) { return a + b + c + d; };
  REQUIRE(parallel_map(sum, numbers, set, list, std::views::iota(1000)) == std::vector<int>{1111, 1223, 1335});
  REQUIRE(parallel_map(std::plus<>{}, numbers, std::vector<int>{}).empty());
}

TEST_CASE("parallel_map passes the elements themselves", "[parallel_map]") {
  std::vector<std::unique_ptr<int>> owners;
  for (int i = 0; i < 100; ++i) owners.push_back(std::make_unique<int>(i));
  const auto addresses = parallel_map([](std::unique_ptr<int>& owner) { return owner.get(); }, owners);
  for (std::size_t i = 0; i < owners.size(); ++i) REQUIRE(addresses[i] == owners[i].get());

  const auto moved = parallel_map([](std::unique_ptr<int>& owner) { return std::move(owner); }, owners);
  REQUIRE(owners[99] == nullptr);
  REQUIRE(*moved[99] == 99);
}

TEST_CASE("parallel_map gives a vector of bool whose elements do not disturb each other", "[parallel_map]") {
  thread_pool_executor pool{{.max_workers = 4}};
  const auto odd = parallel_map(pool, [](int n) { return n % 2 != 0; }, std::views::iota(0, 10'000));
  STATIC_REQUIRE(std::is_same_v<decltype(odd), const std::vector<bool>>);
  for (std::size_t i = 0; i < odd.size(); ++i) REQUIRE(odd[i] == (i % 2 != 0));
}

TEST_CASE("parallel_map needs no default constructor, and leaves nothing behind when a call throws", "[parallel_map]") {
  thread_pool_executor pool{{.max_workers = 3}};
  {
    const auto results = parallel_map(pool, [](int n) { return counted(n); }, std::views::iota(0, 1000));
    for (int i = 0; i < 1000; ++i) REQUIRE(results[static_cast<std::size_t>(i)].value == i);
    REQUIRE(counted::alive == 1000);
  }
  REQUIRE(counted::alive == 0);
  const auto fail_at_500 = [](int n) {
    if (n >= 500) throw n;
    return counted(n);
  };
  int caught = 0;
  try {
    static_cast<void>(parallel_map(pool, fail_at_500, std::views::iota(0, 1000)));
  } catch (int n) {
    caught = n;
  }
  REQUIRE(caught == 500);
  REQUIRE(counted::alive == 0);
}

TEST_CASE("parallel_map over array_split works on views of the array", "[parallel_map][array_split]") {
  std::vector<int> numbers(1000);
  std::iota(numbers.begin(), numbers.end(), 1);
  const auto sums = parallel_map([](std::span<const int> part) { return std::accumulate(part.begin(), part.end(), 0); },
                                 heddle::array_split(numbers, 7));
  REQUIRE(sums.size() == 7);
  REQUIRE(std::accumulate(sums.begin(), sums.end(), 0) == 500'500);
}

TEST_CASE("parallel_map returns values where the callable returns references", "[parallel_map]") {
  const std::vector<std::string> words{"a", "b"};
  const auto copies = parallel_map([](const std::string& word) -> const std::string& { return word; }, words);
  STATIC_REQUIRE(std::is_same_v<decltype(copies), const std::vector<std::string>>);
  REQUIRE(copies == words);
}

TEST_CASE("parallel_map works on the inline executor, with member functions and with a callable that is not copied",
          "[parallel_map]") {
  heddle::inline_executor here;
  struct pinned {
    pinned() = default;
    pinned(const pinned&) = delete;
    int operator()(int n) const { return n + 1; }
  };
  REQUIRE(parallel_map(here, pinned{}, std::vector<int>{1, 2}) == std::vector<int>{2, 3});
  REQUIRE(parallel_map(here, &std::string::size, std::vector<std::string>{"a", "bcd"}) ==
          std::vector<std::size_t>{1, 3});
}

TEST_CASE("parallel_map takes references to bits, as results and as elements of an input range",
          "[parallel_map][regression]") {
  std::vector<bool> bits(100, true);
  bits[3] = false;
  const auto references =
      parallel_map([&](std::size_t i) { return bits[i]; }, std::views::iota(std::size_t{0}, std::size_t{100}));
  REQUIRE(references.size() == 100);
  REQUIRE(references[2]);
  REQUIRE_FALSE(references[3]);

  std::istringstream input("1 0 1");
  const auto numbers = parallel_map([](bool bit) { return bit ? 1 : 0; }, std::views::istream<bool>(input));
  REQUIRE(numbers == std::vector<int>{1, 0, 1});
}

TEST_CASE("parallel_map in chunks gives the same results, from rvalue ranges too", "[parallel_map][chunksize]") {
  thread_pool_executor pool{{.max_workers = 2}};
  const auto twice = [](int n) { return 2 * n; };
  const auto expected = parallel_map(pool, twice, std::views::iota(0, 1000));
  REQUIRE(expected[999] == 1998);
  for (const std::size_t chunksize : {0U, 1U, 13U, 5000U}) {
    REQUIRE(parallel_map(pool, twice, {.chunksize = chunksize}, std::views::iota(0, 1000)) == expected);
  }
  REQUIRE(parallel_map(std::plus<>{}, {.chunksize = 2}, std::vector<int>{1, 2, 3}, std::vector<int>{4, 5}) ==
          std::vector<int>{5, 7});
}
