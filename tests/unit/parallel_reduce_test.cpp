// SPDX-License-Identifier: MIT
// parallel_reduce(): values, the order of operations, the same bits everywhere, and what happens when a call throws.

#include <heddle/inline_executor.hpp>
#include <heddle/parallel_reduce.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <forward_list>
#include <functional>
#include <limits>
#include <list>
#include <memory>
#include <numeric>
#include <random>
#include <ranges>
#include <set>
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
#include <support/threads.hpp>
#include <support/tracked.hpp>

namespace {

using heddle::parallel_reduce;
using heddle::reduce_options;
using heddle::reduce_order;
using heddle::thread_pool_executor;
using heddle_test::bits;
using heddle_test::matrix;
using heddle_test::number_thrown_by;
using heddle_test::on_every_executor;
using heddle_test::uneven_numbers;

/// Sizes on both sides of every place where the way of reducing changes.
constexpr std::array<std::size_t, 16> sizes{0,    1,    2,    63,     64,     65,     1023,   4095,
                                            4096, 4097, 8193, 65'535, 65'536, 65'537, 70'001, 200'003};

/// A number that cannot be copied, assigned or made from nothing, and counts the live ones.
struct counted_number {
  static inline std::atomic<int> alive{0};
  explicit counted_number(std::int64_t its_value) : value(its_value) { ++alive; }
  counted_number(counted_number&& other) noexcept : value(std::exchange(other.value, -1)) { ++alive; }
  counted_number& operator=(counted_number&&) = delete;
  ~counted_number() { --alive; }
  std::int64_t value;
};

const auto add_counted = [](counted_number a, counted_number b) { return counted_number(a.value + b.value); };

}  // namespace

TEST_CASE("parallel_reduce combines all elements, for every size and executor", "[parallel_reduce]") {
  on_every_executor([](auto& on) {
    for (const std::size_t size : sizes) {
      std::vector<std::int64_t> xs(size);
      std::iota(xs.begin(), xs.end(), 1);
      const auto n = static_cast<std::int64_t>(size);
      CAPTURE(size);
      REQUIRE(parallel_reduce(on, xs, std::int64_t{1000}, std::plus<>{}) == 1000 + n * (n + 1) / 2);
      const auto add = [](std::int64_t a, std::int64_t b) { return a + b; };
      REQUIRE(parallel_reduce(on, xs, std::int64_t{1000}, add) == 1000 + n * (n + 1) / 2);
    }
  });
}

TEST_CASE("parallel_reduce keeps the order of the elements", "[parallel_reduce]") {
  on_every_executor([](auto& on) {
    for (const std::size_t size : sizes) {
      std::vector<matrix> xs(size);
      std::mt19937 random(1);
      for (matrix& each : xs) each = {{random() % 1000, random() % 1000, random() % 1000, random() % 1000}};
      const matrix init{{1, 2, 3, 5}};
      CAPTURE(size);
      REQUIRE(parallel_reduce(on, xs, init, std::multiplies<>{}) ==
              std::accumulate(xs.begin(), xs.end(), init, std::multiplies<>{}));
    }
    std::vector<std::string> words;
    for (int i = 0; i < 3000; ++i) words.push_back(std::to_string(i) + ' ');
    REQUIRE(parallel_reduce(on, words, std::string("> "), std::plus<>{}) ==
            std::accumulate(words.begin(), words.end(), std::string("> ")));
  });
}

/// `reduce(executor, numbers)` gives the same on every executor, and on each several times.
template <class Reduce>
void check_same_bits(Reduce reduce) {
  for (const std::size_t size : {1000U, 4097U, 65'536U, 200'003U, 5'000'001U}) {
    const std::vector<double> xs = uneven_numbers(size);
    heddle::inline_executor here;
    const std::uint64_t expected = bits(reduce(here, xs));
    CAPTURE(size);
    on_every_executor([&](auto& on) {
      for (std::size_t round = 0; round < heddle_test::scaled(3); ++round) REQUIRE(bits(reduce(on, xs)) == expected);
    });
  }
}

// One test for each way of reducing: with millions of numbers each takes a debug build seconds.

TEST_CASE("parallel_reduce gives the same bits everywhere with an operation that it knows", "[parallel_reduce]") {
  check_same_bits([](auto& on, const auto& xs) { return parallel_reduce(on, xs, 0.5, std::plus<>{}); });
}

TEST_CASE("parallel_reduce gives the same bits everywhere with one that it does not know", "[parallel_reduce]") {
  check_same_bits(
      [](auto& on, const auto& xs) { return parallel_reduce(on, xs, 0.5, [](double a, double b) { return a + b; }); });
}

TEST_CASE("parallel_reduce gives the same bits everywhere with a transformation", "[parallel_reduce]") {
  check_same_bits([](auto& on, const auto& xs) {
    return parallel_reduce(on, xs, 0.5, std::plus<>{}, [](double x) { return x * x; });
  });
}

TEST_CASE("parallel_reduce gives the same bits everywhere with a size of chunks", "[parallel_reduce]") {
  check_same_bits([](auto& on, const auto& xs) {
    return parallel_reduce(on, xs, 0.5, [](double a, double b) { return a + b; }, {.chunksize = 777});
  });
}

TEST_CASE("the bits of those numbers depend on the order of their sum", "[parallel_reduce]") {
  heddle::inline_executor here;
  for (const std::size_t size : {1000U, 4097U, 65'536U, 200'003U, 5'000'001U}) {
    const std::vector<double> xs = uneven_numbers(size);
    CAPTURE(size);
    REQUIRE(bits(parallel_reduce(here, xs, 0.5, std::plus<>{})) != bits(std::accumulate(xs.begin(), xs.end(), 0.5)));
  }
}

TEST_CASE("parallel_reduce uses init once, on the left, and calls nothing without elements", "[parallel_reduce]") {
  const auto never = [](const std::string&, const std::string&) -> std::string { throw std::logic_error("called"); };
  REQUIRE(parallel_reduce(std::vector<std::string>(), std::string("init"), never) == "init");
  REQUIRE(parallel_reduce(std::vector<std::string>{"x"}, std::string("init "), std::plus<>{}) == "init x");

  std::atomic<int> calls{0};
  const auto count = [&](std::int64_t a, std::int64_t b) {
    ++calls;
    return a + b;
  };
  for (const std::int64_t size : {1, 2, 63, 64, 100, 10'000, 100'000}) {
    calls = 0;
    const auto numbers = std::views::iota(0, static_cast<int>(size));
    REQUIRE(parallel_reduce(numbers, std::int64_t{7}, count) == 7 + size * (size - 1) / 2);
    REQUIRE(calls == size);
  }
}

TEST_CASE("parallel_reduce transforms every element once", "[parallel_reduce]") {
  thread_pool_executor pool{{.max_workers = 3}};
  const std::vector<std::string> words{"a", "bcd", "ef"};
  REQUIRE(parallel_reduce(pool, words, std::size_t{0}, std::plus<>{}, &std::string::size) == 6);
  REQUIRE(parallel_reduce(words, 1, std::multiplies<>{}, [](const std::string& s) { return int(s.size()); }) == 6);
  std::vector<std::atomic<int>> visits(100'000);
  const auto visit = [&](std::size_t i) { return ++visits[i]; };
  REQUIRE(parallel_reduce(pool, std::views::iota(std::size_t{0}, visits.size()), 0, std::plus<>{}, visit) == 100'000);
  for (const auto& each : visits) REQUIRE(each == 1);
}

TEST_CASE("parallel_reduce knows the standard's operations on numbers", "[parallel_reduce]") {
  std::vector<std::uint32_t> xs(100'003);
  std::mt19937 random(5);
  for (std::uint32_t& each : xs) each = static_cast<std::uint32_t>(random()) | 1U;
  const auto check = [&](auto op, std::uint32_t init) {
    const auto sequential = [&](std::uint32_t a, std::uint32_t b) { return static_cast<std::uint32_t>(op(a, b)); };
    REQUIRE(parallel_reduce(xs, init, op) == std::accumulate(xs.begin(), xs.end(), init, sequential));
  };
  check(std::plus<>{}, 3);
  check(std::plus<std::uint32_t>{}, 3);
  check(std::multiplies<>{}, 3);
  check(std::multiplies<std::uint32_t>{}, 3);
  check(std::bit_and<>{}, 0xFFFF'FFFF);
  check(std::bit_or<std::uint32_t>{}, 0);
  check(std::bit_xor<>{}, 1);
  check(std::ranges::min, 0xFFFF'FFFF);
  check(std::ranges::max, 0);
  const std::uint32_t greatest = *std::max_element(xs.begin(), xs.end());
  const std::uint32_t& (*greater)(const std::uint32_t&, const std::uint32_t&) = std::max;
  REQUIRE(parallel_reduce(xs, 0U, greater) == greatest);
  REQUIRE(parallel_reduce(std::vector<bool>(1000, true), 0, std::plus<>{}) == 1000);
  REQUIRE(parallel_reduce(std::vector<int>(300, 1), false, std::plus<>{}));
  REQUIRE(parallel_reduce(std::vector<std::uint16_t>(300, 0xFFFF), std::uint16_t{1}, std::multiplies<>{}) == 1);
}

TEST_CASE("the sum of integers overflows nowhere if it does not overflow from left to right", "[parallel_reduce]") {
  std::vector<int> xs;
  for (int i = 0; i < 10'000; ++i) {
    xs.insert(xs.end(), 2, std::numeric_limits<int>::max());
    xs.insert(xs.end(), 2, -std::numeric_limits<int>::max());
  }
  REQUIRE(parallel_reduce(xs, 42L, std::plus<>{}) == 42);
  for (std::size_t i = 1; i + 1 < xs.size(); i += 4) std::swap(xs[i], xs[i + 1]);
  REQUIRE(parallel_reduce(xs, 0, std::plus<>{}) == 0);
}

TEST_CASE("parallel_reduce sums into the type of init", "[parallel_reduce]") {
  REQUIRE(parallel_reduce(std::vector<std::uint8_t>(10'000, 255), 0L, std::plus<>{}) == 2'550'000);
  REQUIRE(parallel_reduce(std::vector<int>(1000, 1), 0.5, std::plus<>{}) == 1000.5);
  const std::vector<float> tenths(1000, 0.1F);
  REQUIRE(parallel_reduce(tenths, 0.0, std::plus<>{}) == Catch::Approx(100.0).epsilon(1e-6));
}

TEST_CASE("parallel_reduce takes every kind of range", "[parallel_reduce]") {
  thread_pool_executor pool{{.max_workers = 3}};
  std::vector<int> numbers(5000);
  std::iota(numbers.begin(), numbers.end(), 0);
  const int expected = 5000 * 4999 / 2;
  const auto sum = [&](auto&& range) { return parallel_reduce(pool, range, 0, std::plus<>{}); };
  REQUIRE(sum(numbers) == expected);
  REQUIRE(sum(std::deque<int>(numbers.begin(), numbers.end())) == expected);
  REQUIRE(sum(std::list<int>(numbers.begin(), numbers.end())) == expected);
  REQUIRE(sum(std::forward_list<int>(numbers.begin(), numbers.end())) == expected);
  REQUIRE(sum(std::set<int>(numbers.begin(), numbers.end())) == expected);
  REQUIRE(sum(std::views::iota(0, 5000)) == expected);
  REQUIRE(sum(numbers | std::views::filter([](int n) { return n % 2 == 0; })) == 2500 * 2499);
  std::istringstream input("1 2 3 4");
  REQUIRE(sum(std::views::istream<int>(input)) == 10);
}

TEST_CASE("parallel_reduce moves what can only be moved, and needs no default constructor", "[parallel_reduce]") {
  thread_pool_executor pool{{.max_workers = 3}};
  for (const auto order : {reduce_order::left_to_right, reduce_order::unordered}) {
    const auto add = [](std::unique_ptr<int> a, std::unique_ptr<int> b) {
      *a += *b;
      return a;
    };
    const auto boxed = [](int n) { return std::make_unique<int>(n); };
    const auto total =
        parallel_reduce(pool, std::views::iota(0, 10'000), boxed(1), add, boxed, reduce_options{.order = order});
    REQUIRE(*total == 1 + 10'000 * 9'999 / 2);
    {
      const auto counted = parallel_reduce(pool, std::views::iota(0, 10'000), counted_number(1), add_counted,
                                           [](int n) { return counted_number(n); }, {.order = order});
      REQUIRE(counted.value == 1 + 10'000 * 9'999 / 2);
      REQUIRE(counted_number::alive == 1);
    }
    REQUIRE(counted_number::alive == 0);
  }
}

TEST_CASE("parallel_reduce takes an operation that returns a reference to what it was given", "[parallel_reduce]") {
  const auto append = [](std::vector<int>&& a, const std::vector<int>& b) -> std::vector<int>&& {
    a.insert(a.end(), b.begin(), b.end());
    return std::move(a);
  };
  const auto result = parallel_reduce(std::views::iota(0, 10'000), std::vector<int>(), append,
                                      [](int n) { return std::vector<int>{n}; });
  REQUIRE(result.size() == 10'000);
  REQUIRE(std::is_sorted(result.begin(), result.end()));
}

TEST_CASE("parallel_reduce rethrows what a sequential loop would have met first, and leaves nothing behind",
          "[parallel_reduce]") {
  on_every_executor([](auto& on) {
    for (const auto order : {reduce_order::left_to_right, reduce_order::unordered}) {
      for (const int size : {100, 10'000, 200'000}) {
        // One failure late in its chunk, and every later element of even number fails as well: the blocks of the chunk
        // that lie behind fail in an earlier step.
        for (const int first : {0, 37, 97, size / 2 + 13, size - 1}) {
          const auto fail = [&](int i) {
            if (i == first || (i > first && i % 2 == 0)) throw i;
            return counted_number(i);
          };
          CAPTURE(size, first);
          REQUIRE(number_thrown_by([&] {
                    static_cast<void>(parallel_reduce(on, std::views::iota(0, size), counted_number(0), add_counted,
                                                      fail, {.order = order}));
                  }) == first);
          REQUIRE(counted_number::alive == 0);
        }
      }
    }
  });
}

TEST_CASE("an operation that throws leaves nothing behind", "[parallel_reduce]") {
  for (const auto order : {reduce_order::left_to_right, reduce_order::unordered}) {
    for (const int limit : {0, 5, 500, 99'998}) {
      thread_pool_executor pool{{.max_workers = 3}};
      std::atomic<int> calls{0};
      const auto add = [&](counted_number a, counted_number b) {
        if (calls++ >= limit) throw std::runtime_error("enough");
        return add_counted(std::move(a), std::move(b));
      };
      REQUIRE_THROWS_AS(parallel_reduce(pool, std::views::iota(0, 100'000), counted_number(0), add,
                                        [](int n) { return counted_number(n); }, {.order = order}),
                        std::runtime_error);
      REQUIRE(counted_number::alive == 0);
    }
  }
}

TEST_CASE("an operation that throws for an element throws the first of them", "[parallel_reduce]") {
  const auto checked = [](int a, int b) {
    if (b < 0) throw b;
    return a | b;
  };
  std::vector<int> xs(60'000, 1);
  for (std::size_t i = 40'000; i < xs.size(); i += 2) xs[i] = -static_cast<int>(i);
  xs[30'037] = -30'037;
  thread_pool_executor pool{{.max_workers = 4}};
  for (const std::size_t chunksize : {0U, 1000U, 60'000U}) {
    int caught = 0;
    try {
      static_cast<void>(parallel_reduce(pool, xs, 0, checked, {.chunksize = chunksize}));
    } catch (int number) {
      caught = number;
    }
    REQUIRE(caught == -30'037);
  }
}

TEST_CASE("parallel_reduce cuts at multiples of chunksize, and else by the number of elements", "[parallel_reduce]") {
  // An operation that shows what was combined with what.
  const auto grouped = [](const std::string& a, const std::string& b) { return '(' + a + b + ')'; };
  const auto letter = [](int n) { return std::string(1, static_cast<char>('a' + n)); };
  thread_pool_executor pool{{.max_workers = 2}};
  const auto group = [&](int size, std::size_t chunksize) {
    return parallel_reduce(pool, std::views::iota(0, size), std::string("-"), grouped, letter,
                           {.chunksize = chunksize});
  };
  REQUIRE(group(5, 2) == "(((-(ab))(cd))e)");
  REQUIRE(group(5, 5) == "(-((((ab)c)d)e))");
  REQUIRE(group(5, 100) == "(-((((ab)c)d)e))");
  REQUIRE(group(3, 0) == "(((-a)b)c)");

  constexpr auto length = [](std::uint64_t size, heddle::element_cost cost) {
    return heddle::reduce_chunks(size, cost, 0)[0].size();
  };
  using enum heddle::element_cost;
  STATIC_REQUIRE(length(2047, unknown) == 1);
  STATIC_REQUIRE(length(2048, unknown) == 2);
  STATIC_REQUIRE(length(65'536, unknown) == 64);
  STATIC_REQUIRE(length(65'537, unknown) == 4096);
  STATIC_REQUIRE(length(4097, small) == 4096);
  STATIC_REQUIRE(length(5'000'000, small) == 4864);
  STATIC_REQUIRE(length(100'000'000, unknown) == 65'536);
  constexpr std::uint64_t huge = std::numeric_limits<std::uint64_t>::max();
  STATIC_REQUIRE(heddle::reduce_chunks(huge, small, 0).count() == huge / 65'536 + 1);
  STATIC_REQUIRE(heddle::reduce_chunks(huge, small, 0)[huge / 65'536].last == huge);
  STATIC_REQUIRE(heddle::reduce_chunks(10, small, huge)[0] == heddle::base::section{0, 10});
}

TEST_CASE("an unordered reduction combines everything once, with init on the left", "[parallel_reduce]") {
  on_every_executor([](auto& on) {
    for (const std::size_t size : sizes) {
      const auto n = static_cast<std::int64_t>(size);
      const auto add = [](std::int64_t a, std::int64_t b) { return a + b; };
      std::vector<std::int64_t> numbers(size);
      std::iota(numbers.begin(), numbers.end(), 0);
      REQUIRE(parallel_reduce(on, numbers, std::int64_t{5}, add, {.order = reduce_order::unordered}) ==
              5 + n * (n - 1) / 2);
    }
  });
}

TEST_CASE("an unordered reduction keeps few values at a time", "[parallel_reduce]") {
  thread_pool_executor pool{{.max_workers = 2}};
  heddle_test::life_counts lives;
  std::atomic<int> most{0};
  const auto note = [&](heddle_test::tracked a, heddle_test::tracked) {
    int seen = most;
    while (seen < lives.alive && !most.compare_exchange_weak(seen, lives.alive)) {
    }
    return a;
  };
  static_cast<void>(parallel_reduce(pool, std::views::iota(0, 100'000), heddle_test::tracked(lives), note,
                                    [&](int) { return heddle_test::tracked(lives); },
                                    {.chunksize = 1, .order = reduce_order::unordered}));
  REQUIRE(most > 0);
  REQUIRE(most < 50);
  REQUIRE(lives.copies == 0);
  REQUIRE(lives.alive == 0);
}

TEST_CASE("parallel_reduce calls one operation, which is not copied, from several threads", "[parallel_reduce]") {
  const heddle_test::deadline limit;
  struct pinned {
    pinned() = default;
    pinned(const pinned&) = delete;
    int operator()(int a, int b) const { return a + b; }
  };
  thread_pool_executor pool{{.max_workers = 2}};
  REQUIRE(parallel_reduce(pool, std::views::iota(0, 1000), 0, pinned{}) == 499'500);

  std::atomic<int> inside{0};
  const auto meet = [&](int) {  // two chunks, each of which waits for the other one
    ++inside;
    while (inside < 2) std::this_thread::yield();
    return 1;
  };
  REQUIRE(parallel_reduce(pool, std::views::iota(0, 2), 0, std::plus<>{}, meet) == 2);
}

TEST_CASE("reductions nest", "[parallel_reduce]") {
  thread_pool_executor pool{{.max_workers = 2}};
  const auto triangle = [](int n) { return parallel_reduce(std::views::iota(0, n), 0, std::plus<>{}); };
  auto sum = pool.submit([&] { return parallel_reduce(std::views::iota(0, 200), 0, std::plus<>{}, triangle); });
  REQUIRE(sum.result() == 1'313'400);
}

TEST_CASE("a reduction without an executor runs on the pool of the task that calls it", "[parallel_reduce]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 2, .thread_name_prefix = "mine"}};
  std::atomic<int> inside{0};
  const auto meet = [&](int) {  // so that it takes two threads
    ++inside;
    while (inside < 2) std::this_thread::yield();
    return heddle_test::thread_name().starts_with("mine") ? 1 : 0;
  };
  const auto two = std::views::iota(0, 2);
  REQUIRE(pool.submit([&] { return parallel_reduce(two, 0, std::plus<>{}, meet); }).result() == 2);
  inside = 0;
  const auto met = two | std::views::transform(meet);
  REQUIRE(pool.submit([&] { return parallel_reduce(met, 0, std::plus<>{}); }).result() == 2);
}
