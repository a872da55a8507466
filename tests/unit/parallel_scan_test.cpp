// SPDX-License-Identifier: MIT
// parallel_inclusive_scan() and parallel_exclusive_scan(): values, the same bits everywhere, where they write, that
// nobody waits, and what happens when a call throws.

#include <heddle/inline_executor.hpp>
#include <heddle/parallel_scan.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <list>
#include <memory>
#include <numeric>
#include <random>
#include <ranges>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/every_executor.hpp>
#include <support/reducible.hpp>
#include <support/scale.hpp>
#include <support/tracked.hpp>

namespace {

using heddle::parallel_exclusive_scan;
using heddle::parallel_inclusive_scan;
using heddle::thread_pool_executor;
using heddle_test::bits;
using heddle_test::matrix;
using heddle_test::number_thrown_by;
using heddle_test::on_every_executor;
using heddle_test::uneven_numbers;

/// Sizes on both sides of every place where the way of scanning changes.
constexpr std::array<std::size_t, 18> scan_sizes{0,    1,    2,    3,     8,     9,      31,     1023,   1024,
                                                 4095, 4096, 8191, 8'192, 8'193, 16'385, 65'537, 70'001, 200'003};

/// Addition that parallel_scan does not know to be one.
constexpr auto own_plus = [](auto a, auto b) { return a + b; };

template <class T>
std::vector<T> inclusive(const std::vector<T>& xs, T init) {
  std::vector<T> totals(xs.size());
  std::inclusive_scan(xs.begin(), xs.end(), totals.begin(), std::plus<>(), init);
  return totals;
}

template <class T>
std::vector<T> exclusive(const std::vector<T>& xs, T init) {
  std::vector<T> totals(xs.size());
  std::exclusive_scan(xs.begin(), xs.end(), totals.begin(), init);
  return totals;
}

std::vector<std::int64_t> some_integers(std::size_t size) {
  std::mt19937_64 random(size);
  std::vector<std::int64_t> xs(size);
  for (auto& each : xs) each = static_cast<std::int64_t>(random() % 1'000'000) - 500'000;
  return xs;
}

}  // namespace

TEST_CASE("parallel scans give all running totals, for every size and executor", "[parallel_scan]") {
  on_every_executor([](auto& on) {
    for (const std::size_t size : scan_sizes) {
      const auto xs = some_integers(size);
      const auto check = [&](const auto& op) {
        REQUIRE(parallel_inclusive_scan(on, xs, op) == inclusive<std::int64_t>(xs, 0));
        REQUIRE(parallel_inclusive_scan(on, xs, op, std::int64_t{1000}) == inclusive<std::int64_t>(xs, 1000));
        REQUIRE(parallel_exclusive_scan(on, xs, std::int64_t{1000}, op) == exclusive<std::int64_t>(xs, 1000));
      };
      CAPTURE(size);
      check(std::plus<>{});
      check(own_plus);
    }
  });
}

TEST_CASE("parallel scans keep the order of the elements", "[parallel_scan]") {
  on_every_executor([](auto& on) {
    for (const std::size_t size : scan_sizes) {
      std::vector<matrix> xs(size);
      std::mt19937 random(1);
      for (matrix& each : xs) each = {{random() % 1000, random() % 1000, random() % 1000, random() % 1000}};
      const matrix init{{1, 2, 3, 5}};
      std::vector<matrix> expected(size);
      CAPTURE(size);
      std::inclusive_scan(xs.begin(), xs.end(), expected.begin(), std::multiplies<>{});
      REQUIRE(parallel_inclusive_scan(on, xs, std::multiplies<>{}) == expected);
      std::exclusive_scan(xs.begin(), xs.end(), expected.begin(), init, std::multiplies<>{});
      REQUIRE(parallel_exclusive_scan(on, xs, init, std::multiplies<>{}) == expected);
    }
    std::vector<std::string> words;
    for (int i = 0; i < 500; ++i) words.push_back(std::to_string(i) + ' ');
    REQUIRE(parallel_inclusive_scan(on, words, std::plus<>{}, std::string("> ")).back() ==
            std::accumulate(words.begin(), words.end(), std::string("> ")));
  });
}

/// `scan(executor, numbers)` gives the same on every executor, and on each several times.
template <class Scan>
void check_same_bits_of_scan(Scan scan) {
  for (const std::size_t size : {1000U, 8193U, 65'537U, 1'000'001U}) {
    const std::vector<double> xs = uneven_numbers(size);
    heddle::inline_executor here;
    const std::vector<double> expected = scan(here, xs);
    CAPTURE(size);
    on_every_executor([&](auto& on) {
      for (std::size_t round = 0; round < heddle_test::scaled(3); ++round) {
        const std::vector<double> totals = scan(on, xs);
        REQUIRE(std::ranges::equal(totals, expected, {}, bits, bits));
      }
    });
  }
}

TEST_CASE("parallel scans give the same bits everywhere with an operation that they know", "[parallel_scan]") {
  check_same_bits_of_scan([](auto& on, const auto& xs) { return parallel_inclusive_scan(on, xs, std::plus<>{}); });
  check_same_bits_of_scan([](auto& on, const auto& xs) { return parallel_exclusive_scan(on, xs, 0.5, std::plus<>{}); });
}

TEST_CASE("parallel scans give the same bits everywhere with one that they do not know", "[parallel_scan]") {
  check_same_bits_of_scan([](auto& on, const auto& xs) { return parallel_inclusive_scan(on, xs, own_plus, 0.5); });
  check_same_bits_of_scan([](auto& on, const auto& xs) { return parallel_exclusive_scan(on, xs, 0.5, own_plus); });
}

TEST_CASE("parallel scans know the standard's operations on numbers", "[parallel_scan]") {
  thread_pool_executor pool{{.max_workers = 3}};
  std::vector<std::uint32_t> xs(100'003);
  std::mt19937 random(5);
  for (std::uint32_t& each : xs) each = static_cast<std::uint32_t>(random()) | 1U;
  const auto check = [&](auto op, std::uint32_t init) {
    std::vector<std::uint32_t> expected(xs.size());
    std::inclusive_scan(xs.begin(), xs.end(), expected.begin(), op, init);
    REQUIRE(parallel_inclusive_scan(pool, xs, op, init) == expected);
    std::exclusive_scan(xs.begin(), xs.end(), expected.begin(), init, op);
    REQUIRE(parallel_exclusive_scan(pool, xs, init, op) == expected);
  };
  check(std::plus<>{}, 3);
  check(std::multiplies<std::uint32_t>{}, 3);
  check(std::bit_and<>{}, 0xFFFF'FFFF);
  check(std::bit_or<std::uint32_t>{}, 0);
  check(std::bit_xor<>{}, 1);
  check([](std::uint32_t a, std::uint32_t b) { return std::ranges::max(a, b); }, 0);
  REQUIRE(parallel_inclusive_scan(pool, xs, std::ranges::max).back() == std::ranges::max(xs));
  REQUIRE(parallel_inclusive_scan(pool, xs, std::ranges::min).back() == std::ranges::min(xs));
  REQUIRE(parallel_inclusive_scan(std::vector<bool>(1000, true), std::plus<>{}, 0).back() == 1000);
  REQUIRE(parallel_inclusive_scan(std::vector<bool>(10, true), std::logical_and<>{}) == std::vector<bool>(10, true));
}

TEST_CASE("parallel scans make totals of the type of init, or of the elements", "[parallel_scan]") {
  const std::vector<std::uint8_t> bytes(10'000, 255);
  REQUIRE(parallel_inclusive_scan(bytes, std::plus<>{}, 0L).back() == 2'550'000);
  REQUIRE(parallel_exclusive_scan(bytes, 0L, std::plus<>{}).back() == 2'549'745);
  STATIC_REQUIRE(std::is_same_v<decltype(parallel_inclusive_scan(bytes, std::plus<>{})), std::vector<std::uint8_t>>);
  REQUIRE(parallel_inclusive_scan(std::vector<int>(1000, 1), std::plus<>{}, 0.5).back() == 1000.5);
  const std::vector<std::string> words{"a", "bcd", "ef"};
  const auto lengths = words | std::views::transform(&std::string::size);
  REQUIRE(parallel_exclusive_scan(lengths, std::size_t{0}, std::plus<>{}) == std::vector<std::size_t>{0, 1, 4});
}

TEST_CASE("parallel scans write where they are told, in place too", "[parallel_scan]") {
  on_every_executor([](auto& on) {
    for (const std::size_t size : scan_sizes) {
      const auto xs = some_integers(size);
      const auto check = [&](const auto& op) {
        std::vector<std::int64_t> out(size + 2, -1);
        REQUIRE(parallel_inclusive_scan(on, xs, out.begin() + 1, op) == out.end() - 1);
        REQUIRE(out.front() == -1);
        REQUIRE(out.back() == -1);
        REQUIRE(
            std::ranges::equal(std::ranges::subrange(out.begin() + 1, out.end() - 1), inclusive<std::int64_t>(xs, 0)));
        REQUIRE(parallel_exclusive_scan(on, xs, out, std::int64_t{5}, op) == out.end() - 2);
        REQUIRE(std::ranges::equal(std::ranges::subrange(out.begin(), out.end() - 2), exclusive<std::int64_t>(xs, 5)));
        auto in_place = xs;
        REQUIRE(parallel_inclusive_scan(on, in_place, in_place, op, std::int64_t{5}) == in_place.end());
        REQUIRE(in_place == inclusive<std::int64_t>(xs, 5));
        in_place = xs;
        parallel_exclusive_scan(on, in_place, in_place.begin(), std::int64_t{5}, op);
        REQUIRE(in_place == exclusive<std::int64_t>(xs, 5));
        std::deque<std::int64_t> parts(xs.begin(), xs.end());
        parallel_inclusive_scan(on, parts, parts.begin(), op);
        REQUIRE(std::ranges::equal(parts, inclusive<std::int64_t>(xs, 0)));
      };
      CAPTURE(size);
      check(std::plus<>{});
      check(own_plus);
    }
  });
}

TEST_CASE("parallel scans refuse to write beyond the end", "[parallel_scan]") {
  const std::vector<int> xs(5, 1);
  std::vector<int> out(4, 7);
  REQUIRE_THROWS_WITH(
      parallel_inclusive_scan(xs, out, std::plus<>{}),
      "a parallel scan writes a running total for each of 5 elements, and `out` has room for 4: make it "
      "as long as the input");
  REQUIRE_THROWS_AS(parallel_exclusive_scan(xs, out, 0, std::plus<>{}), std::invalid_argument);
  REQUIRE(out == std::vector<int>(4, 7));
}

TEST_CASE("parallel scans take every kind of range", "[parallel_scan]") {
  thread_pool_executor pool{{.max_workers = 3}};
  std::vector<int> numbers(5000);
  std::iota(numbers.begin(), numbers.end(), 0);
  const std::vector<int> expected = inclusive(numbers, 0);
  const auto sums = [&](auto&& range) { return parallel_inclusive_scan(pool, range, std::plus<>{}); };
  REQUIRE(sums(std::deque<int>(numbers.begin(), numbers.end())) == expected);
  REQUIRE(sums(std::list<int>(numbers.begin(), numbers.end())) == expected);
  REQUIRE(sums(std::views::iota(0, 5000)) == expected);
  REQUIRE(sums(numbers | std::views::filter([](int n) { return n < 3000; })).size() == 3000);
  std::istringstream input("1 2 3 4");
  REQUIRE(sums(std::views::istream<int>(input)) == std::vector<int>{1, 3, 6, 10});
}

TEST_CASE("parallel scans take nothing away from elements that could be moved", "[parallel_scan]") {
  thread_pool_executor pool{{.max_workers = 3}};
  std::vector<std::string> words(3000, "a long enough string to be allocated");
  const std::size_t size_of_all = 3000 * words[0].size();
  struct length {
    std::size_t value = 0;
    length() = default;
    length(std::string word) : value(word.size()) {}  // NOLINT(google-explicit-constructor)
  };
  const auto add = [](length a, const length& b) {
    a.value += b.value;
    return a;
  };
  const std::ranges::subrange moved(std::move_iterator(words.begin()), std::move_iterator(words.end()));
  REQUIRE(parallel_inclusive_scan(pool, moved, add, length()).back().value == size_of_all);

  std::vector<std::unique_ptr<int>> owners;
  for (int i = 0; i < 3000; ++i) owners.push_back(std::make_unique<int>(i));
  const auto values = owners | std::views::transform([](const std::unique_ptr<int>& owner) { return *owner; });
  REQUIRE(parallel_inclusive_scan(pool, values, std::plus<>{}).back() == 3000 * 2999 / 2);
}

TEST_CASE("a parallel scan calls its operation about twice for each element", "[parallel_scan]") {
  thread_pool_executor pool{{.max_workers = 3}};
  std::atomic<std::size_t> calls{0};
  const auto count = [&](std::int64_t a, std::int64_t b) {
    ++calls;
    return a + b;
  };
  for (const std::size_t size : {1U, 3U, 100U, 10'000U, 200'000U}) {
    calls = 0;
    static_cast<void>(parallel_exclusive_scan(pool, some_integers(size), std::int64_t{0}, count));
    CAPTURE(size);
    REQUIRE(calls >= size);
    REQUIRE(calls <= 2 * size + size / 8);
  }
}

TEST_CASE("parallel scans rethrow what a sequential loop would have met first", "[parallel_scan]") {
  on_every_executor([](auto& on) {
    for (const int size : {10, 100, 10'000, 100'000}) {
      for (const int first : {1, size / 3, size / 2 + 3, size - 1}) {
        // Elements fail, from one on all of even number: in the blocks of a chunk that lie behind earlier than there.
        const auto checked = [](int a, int b) {
          if (b < 0) throw -b;
          return a | b;
        };
        std::vector<int> xs(static_cast<std::size_t>(size), 1);
        for (int i = first; i < size; ++i) {
          if (i == first || i % 2 == 0) xs[static_cast<std::size_t>(i)] = -i;
        }
        CAPTURE(size, first);
        REQUIRE(number_thrown_by([&] { static_cast<void>(parallel_inclusive_scan(on, xs, checked, 0)); }) == first);
        REQUIRE(number_thrown_by([&] { static_cast<void>(parallel_exclusive_scan(on, xs, 0, checked)); }) == first);
        // Totals that grow too great: no chunk is by itself.
        const auto limited = [first](int a, int b) {
          if (a + b > first) throw a + b;
          return a + b;
        };
        const std::vector<int> ones(static_cast<std::size_t>(size), 1);
        REQUIRE(number_thrown_by([&] { static_cast<void>(parallel_inclusive_scan(on, ones, limited)); }) == first + 1);
      }
    }
  });
}

TEST_CASE("a parallel scan finds what fails before the element that no chunk can be reduced with", "[parallel_scan]") {
  const auto limited = [](int a, int b) {
    if (b < 0) throw 1;
    if (a + b > 5000) throw 2;
    return a + b;
  };
  std::vector<int> xs(10'000, 1);
  xs[5010] = -1;  // in the chunk of the element where the total grows too great
  on_every_executor([&](auto& on) {
    REQUIRE(number_thrown_by([&] { static_cast<void>(parallel_inclusive_scan(on, xs, limited)); }) == 2);
  });
}

TEST_CASE("a parallel scan that throws leaves nothing behind", "[parallel_scan]") {
  thread_pool_executor pool{{.max_workers = 3}};
  for (const int limit : {0, 5, 500, 3000}) {
    heddle_test::life_counts lives;
    {
      std::atomic<int> calls{0};
      const std::vector<heddle_test::tracked> xs(2000, heddle_test::tracked(lives));
      const auto first_of = [&](const heddle_test::tracked& a, const heddle_test::tracked&) {
        if (calls++ >= limit) throw std::runtime_error("enough");
        return a;
      };
      REQUIRE_THROWS_AS(parallel_inclusive_scan(pool, xs, first_of), std::runtime_error);
      REQUIRE(lives.alive == 2000);
    }
    REQUIRE(lives.alive == 0);
  }
}

TEST_CASE("a parallel scan goes on where a thread is held up, and what waits for it is done later", "[parallel_scan]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 2}};
  constexpr int size = 10'000;
  std::vector<int> xs(size, 1);
  xs[1] = 2;
  std::atomic<int> calls{0};
  const auto held_up = [&](int a, int b) {
    if (b == 2) {
      while (calls < size - 1000) std::this_thread::yield();
    } else {
      ++calls;
    }
    return a + b;
  };
  REQUIRE(parallel_inclusive_scan(pool, xs, held_up) == inclusive(xs, 0));
}

TEST_CASE("a parallel scan does for a thread that is held up what the others miss", "[parallel_scan]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 2}};
  constexpr std::uint64_t size = 300'000;
  const heddle::scan_chunks chunks(size, heddle::element_cost::small, sizeof(int));
  std::vector<int> totals(size);
  std::atomic<std::uint64_t> written{0};
  const auto put = [&](std::uint64_t index, int total) {
    totals[index] = total;
    if (index != 0) ++written;
    while (index == 0 && written < size - chunks[0].size()) std::this_thread::yield();
  };
  const auto one = [](std::uint64_t) { return 1; };
  heddle::base::accumulator<int> none;
  const std::plus<> op;
  heddle::chained_scan<heddle::scan_kind::inclusive, int, std::plus<>, decltype(one), decltype(put)> scan(
      chunks, heddle::helping::allowed, none, op, one, put);
  scan.run(pool);
  REQUIRE(totals == inclusive(std::vector<int>(size, 1), 0));
}

TEST_CASE("parallel scans cut by the number of elements and their size", "[parallel_scan]") {
  constexpr auto length = [](std::uint64_t size, heddle::element_cost cost, std::size_t bytes) {
    return heddle::scan_chunks(size, cost, bytes)[0].size();
  };
  using enum heddle::element_cost;
  STATIC_REQUIRE(length(3, unknown, 8) == 2);
  STATIC_REQUIRE(length(1000, unknown, 8) == 32);
  STATIC_REQUIRE(length(1'000'000, unknown, 8) == 1024);
  STATIC_REQUIRE(length(1'000'000'000, unknown, 8) == 8192);
  STATIC_REQUIRE(length(1'000'000'000, unknown, 100'000) == 64);
  STATIC_REQUIRE(length(100'000'000, small, 8) == 8192);
  STATIC_REQUIRE(length(100'000'000, small, 1) == 65'536);
  constexpr std::uint64_t huge = std::numeric_limits<std::uint64_t>::max();
  STATIC_REQUIRE(heddle::scan_chunks(huge, small, 1)[huge / 65'536].last == huge);
}

TEST_CASE("scans nest, also where a worker is the only one", "[parallel_scan]") {
  const heddle_test::deadline limit;
  for (const std::size_t workers : {1U, 2U}) {
    thread_pool_executor pool{{.max_workers = workers}};
    const auto last = [](int n) { return parallel_inclusive_scan(std::views::iota(0, n + 2), own_plus).back(); };
    auto sums = pool.submit([&] {
      return parallel_inclusive_scan(std::views::iota(0, 200) | std::views::transform(last), own_plus).back();
    });
    REQUIRE(sums.result() == 1'353'400);
  }
}
