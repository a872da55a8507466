// SPDX-License-Identifier: MIT
// The laws of array_split over generated inputs. A failure prints its seed; `--rng-seed SEED` starts with that one.

#include <heddle/array_split.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <numeric>
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

#include <support/catch.hpp>
#include <support/scale.hpp>

using heddle::array_split;

namespace {

using bounds = std::vector<std::pair<std::int64_t, std::int64_t>>;

/// numpy.array_split for a number of sections, line by line: divmod, a list of sizes, cumulative sums, slices.
bounds numpy_sections(std::int64_t size, std::int64_t sections) {
  const std::int64_t each = size / sections;
  const std::int64_t extras = size % sections;
  std::vector<std::int64_t> section_sizes{0};
  section_sizes.insert(section_sizes.end(), static_cast<std::size_t>(extras), each + 1);
  section_sizes.insert(section_sizes.end(), static_cast<std::size_t>(sections - extras), each);
  std::partial_sum(section_sizes.begin(), section_sizes.end(), section_sizes.begin());
  bounds parts;
  for (std::size_t i = 0; i + 1 < section_sizes.size(); ++i) parts.emplace_back(section_sizes[i], section_sizes[i + 1]);
  return parts;
}

/// The positions that Python's `sequence[start:stop]` covers (slice.indices of the language reference).
std::pair<std::int64_t, std::int64_t> python_slice(std::int64_t size, std::int64_t start, std::int64_t stop) {
  const auto adjusted = [size](std::int64_t index) {
    if (index < 0) index += size;
    return std::min(std::max(index, std::int64_t{0}), size);
  };
  start = adjusted(start);
  return {start, std::max(start, adjusted(stop))};
}

/// numpy.array_split for a list of indices: the cuts are 0, the indices and the size; the parts are slices between
/// them.
bounds numpy_indices(std::int64_t size, const std::vector<std::int64_t>& indices) {
  std::vector<std::int64_t> cuts{0};
  cuts.insert(cuts.end(), indices.begin(), indices.end());
  cuts.push_back(size);
  bounds parts;
  for (std::size_t i = 0; i + 1 < cuts.size(); ++i) parts.push_back(python_slice(size, cuts[i], cuts[i + 1]));
  return parts;
}

/// The positions that parts cover, `offset(part)` being where one begins.
template <class Parts, class Offset>
bounds bounds_of(const Parts& parts, Offset offset) {
  bounds all;
  for (auto&& part : parts) {
    const auto first = static_cast<std::int64_t>(offset(part));
    all.emplace_back(first, first + static_cast<std::int64_t>(part.size()));
  }
  return all;
}

/// Calls `check(random)` for many seeds, each with a generator of its own; a failure says which.
template <class Check>
void for_many_seeds(Check check) {
  const std::size_t rounds = heddle_test::scaled(2000);
  unsigned seed = Catch::getSeed() != 0 ? Catch::getSeed() : std::random_device{}();
  for (std::size_t round = 0; round < rounds; ++round, ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    check(random);
  }
}

/// A number from 0 to `most`: often tiny, sometimes anything.
std::int64_t pick(std::mt19937_64& random, std::int64_t most) {
  const std::int64_t limit = random() % 3 == 0 ? std::min<std::int64_t>(most, 4) : most;
  return std::uniform_int_distribution<std::int64_t>(0, limit)(random);
}

}  // namespace

TEST_CASE("the sections of any range are those of NumPy", "[array_split][property]") {
  for_many_seeds([](std::mt19937_64& random) {
    const std::int64_t size = pick(random, 300);
    const std::int64_t sections = 1 + pick(random, 400);
    CAPTURE(size, sections);
    std::vector<char> contiguous(static_cast<std::size_t>(size));
    std::deque<char> scattered(static_cast<std::size_t>(size));
    const auto in_contiguous = [&](auto part) { return part.data() - contiguous.data(); };
    const auto in_scattered = [&](auto part) { return part.begin() - scattered.begin(); };
    const bounds expected = numpy_sections(size, sections);
    REQUIRE(bounds_of(array_split(contiguous, sections), in_contiguous) == expected);
    REQUIRE(bounds_of(array_split(scattered, sections), in_scattered) == expected);
    if (size % sections == 0) {
      REQUIRE(bounds_of(heddle::split(contiguous, sections), in_contiguous) == expected);
    } else {
      REQUIRE_THROWS_AS(heddle::split(contiguous, sections), std::invalid_argument);
    }
  });
}

TEST_CASE("the parts between any indices are those of NumPy", "[array_split][property]") {
  for_many_seeds([](std::mt19937_64& random) {
    const std::int64_t size = pick(random, 300);
    std::vector<std::int64_t> indices(static_cast<std::size_t>(pick(random, 30)));
    for (std::int64_t& index : indices) index = pick(random, 4 * size + 8) - 2 * size - 4;
    if (random() % 2 == 0) std::ranges::sort(indices);
    CAPTURE(size, indices);
    std::vector<char> contiguous(static_cast<std::size_t>(size));
    std::deque<char> scattered(static_cast<std::size_t>(size));
    const auto in_contiguous = [&](auto part) { return part.data() - contiguous.data(); };
    const auto in_scattered = [&](auto part) { return part.begin() - scattered.begin(); };
    const bounds expected = numpy_indices(size, indices);
    REQUIRE(bounds_of(array_split(contiguous, indices), in_contiguous) == expected);
    REQUIRE(bounds_of(array_split(scattered, indices), in_scattered) == expected);
    REQUIRE(bounds_of(heddle::split(contiguous, indices), in_contiguous) == expected);
  });
}

TEST_CASE("the sections one after the other are the range, and their sizes differ by at most 1",
          "[array_split][property]") {
  for_many_seeds([](std::mt19937_64& random) {
    std::vector<std::uint64_t> values(static_cast<std::size_t>(pick(random, 300)));
    std::ranges::generate(values, random);
    const std::int64_t sections = 1 + pick(random, 400);
    CAPTURE(values.size(), sections);
    std::vector<std::uint64_t> concatenated;
    std::size_t smallest = values.size();
    std::size_t largest = 0;
    for (const auto part : array_split(values, sections)) {
      concatenated.insert(concatenated.end(), part.begin(), part.end());
      smallest = std::min(smallest, part.size());
      largest = std::max(largest, part.size());
    }
    REQUIRE(concatenated == values);
    REQUIRE(largest - smallest <= 1);
  });
}

TEST_CASE("sections of 64-bit sizes join without a gap and differ by at most 1", "[array_split][property]") {
  for_many_seeds([](std::mt19937_64& random) {
    const std::uint64_t size = random() >> random() % 64;
    const std::uint64_t sections = std::max<std::uint64_t>(1, random() >> random() % 64);
    const std::uint64_t index = random() % sections;
    CAPTURE(size, sections, index);
    const auto here = heddle::section_bounds(size, sections, index);
    REQUIRE(here.first <= here.last);
    REQUIRE(here.size() - size / sections <= 1);
    REQUIRE(heddle::section_bounds(size, sections, 0).first == 0);
    REQUIRE(heddle::section_bounds(size, sections, sections - 1).last == size);
    if (index + 1 < sections) REQUIRE(heddle::section_bounds(size, sections, index + 1).first == here.last);
  });
}

TEST_CASE("array_split gives the results of a table of numpy.array_split", "[array_split]") {
  struct sections_row {
    std::int64_t size;
    std::int64_t sections;
    bounds parts;
  };
  const auto sections = GENERATE(values<sections_row>({
      {0, 1, {{0, 0}}},
      {0, 3, {{0, 0}, {0, 0}, {0, 0}}},
      {1, 1, {{0, 1}}},
      {1, 2, {{0, 1}, {1, 1}}},
      {7, 3, {{0, 3}, {3, 5}, {5, 7}}},
      {8, 3, {{0, 3}, {3, 6}, {6, 8}}},
      {9, 3, {{0, 3}, {3, 6}, {6, 9}}},
      {9, 4, {{0, 3}, {3, 5}, {5, 7}, {7, 9}}},
      {10, 1, {{0, 10}}},
      {10, 7, {{0, 2}, {2, 4}, {4, 6}, {6, 7}, {7, 8}, {8, 9}, {9, 10}}},
      {2, 5, {{0, 1}, {1, 2}, {2, 2}, {2, 2}, {2, 2}}},
  }));
  std::vector<char> xs(static_cast<std::size_t>(sections.size));
  const auto offset = [&](auto part) { return part.data() - xs.data(); };
  CAPTURE(sections.size, sections.sections);
  CHECK(bounds_of(array_split(xs, sections.sections), offset) == sections.parts);
  CHECK(numpy_sections(sections.size, sections.sections) == sections.parts);
}

TEST_CASE("array_split gives the results of a table of numpy.array_split with indices", "[array_split]") {
  struct indices_row {
    std::int64_t size;
    std::vector<std::int64_t> indices;
    bounds parts;
  };
  const auto row = GENERATE(values<indices_row>({
      {8, {}, {{0, 8}}},
      {8, {3, 5, 6, 10}, {{0, 3}, {3, 5}, {5, 6}, {6, 8}, {8, 8}}},  // the example of numpy.split
      {8, {0}, {{0, 0}, {0, 8}}},
      {8, {8}, {{0, 8}, {8, 8}}},
      {8, {4, 4}, {{0, 4}, {4, 4}, {4, 8}}},
      {8, {5, 2}, {{0, 5}, {5, 5}, {2, 8}}},
      {8, {-3}, {{0, 5}, {5, 8}}},
      {8, {2, -2}, {{0, 2}, {2, 6}, {6, 8}}},
      {8, {-2, 2}, {{0, 6}, {6, 6}, {2, 8}}},
      {8, {-8}, {{0, 0}, {0, 8}}},
      {8, {-20, 20}, {{0, 0}, {0, 8}, {8, 8}}},
      {0, {-1, 0, 1}, {{0, 0}, {0, 0}, {0, 0}, {0, 0}}},
  }));
  std::vector<char> xs(static_cast<std::size_t>(row.size));
  const auto offset = [&](auto part) { return part.data() - xs.data(); };
  CAPTURE(row.size, row.indices);
  CHECK(bounds_of(array_split(xs, row.indices), offset) == row.parts);
  CHECK(numpy_indices(row.size, row.indices) == row.parts);
}
