// SPDX-License-Identifier: MIT
// Forks, joins and loops that are stolen, exposed, joined and thrown through at every possible moment.
#include <heddle/parallel_for.hpp>
#include <heddle/parallel_invoke.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/fork_fib.hpp>
#include <support/scale.hpp>

using heddle::parallel_for;
using heddle::parallel_invoke;
using heddle::thread_pool_executor;
using heddle_test::fib;
using heddle_test::scaled;

namespace {

/// A tree of forks and loops whose shape follows from the seed; returns how many leaves it has.
std::uint64_t grow(std::uint64_t seed, unsigned height) {
  if (height == 0) return 1;
  seed = seed * 6364136223846793005U + 1442695040888963407U;
  const auto kind = (seed >> 33U) % 4;
  std::uint64_t first = 0, second = 0, third = 0;
  switch (kind) {
    case 0:
      return grow(seed + 1, height - 1);
    case 1:
      parallel_invoke([&] { first = grow(seed + 1, height - 1); }, [&] { second = grow(seed + 2, height - 1); });
      return first + second;
    case 2:
      parallel_invoke([&] { first = grow(seed + 1, height - 1); }, [&] { second = grow(seed + 2, height - 1); },
                      [&] { third = grow(seed + 3, height - 1); });
      return first + second + third;
    default: {
      const unsigned items = 1 + static_cast<unsigned>((seed >> 40U) % 5);
      std::vector<std::uint64_t> sums(items);
      parallel_for(0U, items, [&](unsigned i) { sums[i] = grow(seed + i, height - 1); });
      for (const std::uint64_t sum : sums) first += sum;
      return first;
    }
  }
}

}  // namespace

TEST_CASE("a tree of tiny forks is counted right by every number of workers", "[stress]") {
  const heddle_test::deadline limit(std::chrono::seconds(250));
  for (const std::size_t workers : {1U, 2U, 3U, 8U}) {
    thread_pool_executor pool{{.max_workers = workers}};
    for (std::size_t round = 0; round < scaled(10); ++round) {
      std::uint64_t sum = 0;
      parallel_invoke(pool, [&] { sum = fib(18); });
      REQUIRE(sum == 2584);
    }
  }
}

TEST_CASE("random trees of forks and loops are counted as one thread counts them", "[stress]") {
  const heddle_test::deadline limit(std::chrono::seconds(250));
  thread_pool_executor alone{{.max_workers = 1}};
  thread_pool_executor pool{{.max_workers = 3}};
  for (unsigned round = 0; round < static_cast<unsigned>(scaled(100)); ++round) {
    CAPTURE(round);
    std::uint64_t expected = 0;
    std::uint64_t counted = 0;
    parallel_invoke(alone, [&] { expected = grow(round, 8); });
    parallel_invoke(pool, [&] { counted = grow(round, 8); });
    REQUIRE(counted == expected);
  }
}

TEST_CASE("guests come and go while workers steal from them", "[stress]") {
  const heddle_test::deadline limit(std::chrono::seconds(250));
  thread_pool_executor pool{{.max_workers = 2}};
  std::atomic<std::uint64_t> sum{0};
  std::vector<std::thread> guests;
  const std::size_t rounds = scaled(100);
  for (int i = 0; i < 3; ++i) {
    guests.emplace_back([&] {
      for (std::size_t round = 0; round < rounds; ++round) {
        parallel_for(pool, 0, 50, [&](int j) { sum += static_cast<std::uint64_t>(j); });
        parallel_invoke(pool, [&] { sum += fib(8); }, [&] { sum += fib(7); });
      }
    });
  }
  for (std::thread& guest : guests) guest.join();
  CHECK(sum == std::uint64_t{rounds} * 3 * (1225 + 21 + 13));
}

TEST_CASE("exceptions pass through stolen and unstolen forks", "[stress]") {
  const heddle_test::deadline limit(std::chrono::seconds(250));
  thread_pool_executor pool{{.max_workers = 3}};
  struct thrower {
    static void run(unsigned height) {
      if (height == 0) throw std::runtime_error("leaf");
      parallel_invoke([&] { run(height - 1); }, [&] { run(height - 1); });
    }
  };
  for (std::size_t round = 0; round < scaled(50); ++round) {
    REQUIRE_THROWS_AS(parallel_invoke(pool, [] { thrower::run(8); }, [] { fib(12); }), std::runtime_error);
    REQUIRE_THROWS_AS(parallel_for(pool, 0, 100,
                                   [](int i) {
                                     if (i == 37 || i == 80) throw i;
                                   }),
                      int);
  }
}
