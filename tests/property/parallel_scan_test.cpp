// SPDX-License-Identifier: MIT
// Parallel scans are std::inclusive_scan and std::exclusive_scan. A failure prints its seed; `--rng-seed SEED` starts
// with that one.

#include <heddle/inline_executor.hpp>
#include <heddle/parallel_scan.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <random>
#include <vector>

#include <support/catch.hpp>
#include <support/reducible.hpp>
#include <support/scale.hpp>

namespace {

/// A size near a border: of groups, blocks, chunks, or of the rules for the length of chunks.
std::size_t pick_scan_size(std::mt19937_64& random) {
  constexpr std::array<std::size_t, 8> borders{0, 8, 32, 1024, 4096, 8192, 16'384, 5 * 8192};
  const std::size_t border = borders.at(random() % borders.size());
  const std::size_t distance = random() % 70;
  return random() % 2 == 0 || distance > border ? border + distance : border - distance;
}

}  // namespace

TEST_CASE("parallel scans of any size are those of the standard", "[parallel_scan][property]") {
  heddle::inline_executor here;
  heddle::thread_pool_executor pool{{.max_workers = 3}};
  const std::size_t rounds = heddle_test::scaled(300);
  unsigned seed = Catch::getSeed() != 0 ? Catch::getSeed() : std::random_device{}();
  for (std::size_t round = 0; round < rounds; ++round, ++seed) {
    std::mt19937_64 random(seed);
    const std::size_t size = pick_scan_size(random);
    CAPTURE(seed, size);
    const auto check_by = [&](const auto& xs, const auto& init, const auto& op, const auto& standards_op) {
      auto expected = xs;
      auto totals = xs;
      std::inclusive_scan(xs.begin(), xs.end(), expected.begin(), standards_op, init);
      REQUIRE(heddle::parallel_inclusive_scan(pool, xs, op, init) == expected);
      heddle::parallel_inclusive_scan(pool, totals, totals, op, init);
      REQUIRE(totals == expected);
      std::inclusive_scan(xs.begin(), xs.end(), expected.begin(), standards_op);
      heddle::parallel_inclusive_scan(here, xs, totals, op);
      REQUIRE(totals == expected);
      std::exclusive_scan(xs.begin(), xs.end(), expected.begin(), init, standards_op);
      REQUIRE(heddle::parallel_exclusive_scan(here, xs, init, op) == expected);
      totals = xs;
      heddle::parallel_exclusive_scan(pool, totals, totals.begin(), init, op);
      REQUIRE(totals == expected);
    };
    const auto check = [&](const auto& xs, const auto& init, const auto& op) { check_by(xs, init, op, op); };
    std::vector<std::uint64_t> numbers(size);
    for (std::uint64_t& each : numbers) each = random();
    const auto of_both = [](const auto& op) { return [op](auto a, auto b) { return op(a, b); }; };
    check(numbers, random(), std::plus<>{});
    check(numbers, random(), std::bit_xor<std::uint64_t>{});
    check(numbers, random(), of_both(std::plus<>{}));
    // By the standard products of 16 bits overflow int.
    check_by(std::vector<std::uint16_t>(numbers.begin(), numbers.end()), std::uint16_t{3},
             std::multiplies<std::uint16_t>{},
             [](std::uint16_t a, std::uint16_t b) { return static_cast<std::uint16_t>(1U * a * b); });
    std::vector<heddle_test::matrix> matrices(size);
    for (std::size_t i = 0; i < size; ++i) matrices[i] = {{numbers[i] % 1000, i % 1000, 1, random() % 1000}};
    check(matrices, heddle_test::matrix{{1, 2, 3, 5}}, std::multiplies<>{});
  }
}
