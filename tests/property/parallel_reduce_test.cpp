// SPDX-License-Identifier: MIT
// parallel_reduce is std::accumulate for associative operations. A failure prints its seed; `--rng-seed SEED` starts
// with that one.

#include <heddle/inline_executor.hpp>
#include <heddle/parallel_reduce.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <random>
#include <vector>

#include <support/catch.hpp>
#include <support/scale.hpp>

namespace {

using heddle::parallel_reduce;
using heddle::reduce_options;

/// A size near a border: of lanes, blocks, chunks, or of the rules for the length of chunks.
std::size_t pick_size(std::mt19937_64& random) {
  constexpr std::array<std::size_t, 10> borders{0, 8, 32, 64, 1024, 2048, 4096, 8192, 65'536, 3 * 65'536};
  const std::size_t border = borders.at(random() % borders.size());
  const std::size_t distance = random() % 70;
  return random() % 2 == 0 || distance > border ? border + distance : border - distance;
}

/// The affine map x -> factor * x + offset modulo 2^64; the product of two is "first a, then b".
struct affine {
  std::uint64_t factor;
  std::uint64_t offset;
  friend affine operator*(affine a, affine b) { return {a.factor * b.factor, a.offset * b.factor + b.offset}; }
  friend bool operator==(affine, affine) = default;
};

}  // namespace

TEST_CASE("parallel_reduce of any size is std::accumulate", "[parallel_reduce][property]") {
  heddle::inline_executor here;
  heddle::thread_pool_executor pool{{.max_workers = 3}};
  const std::size_t rounds = heddle_test::scaled(300);
  unsigned seed = Catch::getSeed() != 0 ? Catch::getSeed() : std::random_device{}();
  for (std::size_t round = 0; round < rounds; ++round, ++seed) {
    std::mt19937_64 random(seed);
    std::vector<std::uint64_t> xs(pick_size(random));
    for (std::uint64_t& x : xs) x = random();
    const std::size_t chunksize = random() % 2 == 0 ? 0 : 1 + random() % (xs.size() + 10);
    CAPTURE(seed, xs.size(), chunksize);
    const reduce_options options{.chunksize = chunksize};
    const auto equal = [&](const auto& init, const auto& op, const auto& transform) {
      const auto sequential = [&](auto a, auto x) { return op(a, transform(x)); };
      const auto expected = std::accumulate(xs.begin(), xs.end(), init, sequential);
      return parallel_reduce(here, xs, init, op, transform, options) == expected &&
             parallel_reduce(pool, xs, init, op, transform, options) == expected;
    };
    const auto same = [](std::uint64_t x) { return x; };
    const std::uint64_t init = random();
    REQUIRE(parallel_reduce(pool, xs, init, std::plus<>{}, options) == std::accumulate(xs.begin(), xs.end(), init));
    REQUIRE(equal(init, std::plus<>{}, same));
    REQUIRE(equal(init, std::bit_xor<std::uint64_t>{}, same));
    REQUIRE(equal(init, std::ranges::max, same));
    REQUIRE(equal(static_cast<std::uint32_t>(init), std::multiplies<>{},
                  [](std::uint64_t x) { return static_cast<std::uint32_t>(x | 1U); }));
    REQUIRE(equal(affine{init, 1}, std::multiplies<>{}, [](std::uint64_t x) { return affine{x | 1U, x >> 7U}; }));
  }
}
