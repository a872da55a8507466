// SPDX-License-Identifier: MIT
#if defined(__linux__)

#include <heddle/process/empty_wakes.hpp>

#include <chrono>
#include <cstdint>

#include <support/catch.hpp>

using namespace std::chrono_literals;
using heddle::process::empty_wakes;

namespace {

/// The first of `count` wake-ups, one each `period`, that is one too many; 0 if none is.
std::uint64_t first_too_many(std::uint64_t count, std::chrono::nanoseconds period, std::uint64_t brings_each) {
  empty_wakes wakes;
  const empty_wakes::clock::time_point begin{1h};
  for (std::uint64_t i = 1; i <= count; ++i) {
    if (wakes.is_one_too_many(i / brings_each, begin + i * period)) return i;
  }
  return 0;
}

}  // namespace

TEST_CASE("more than ten thousand empty wake-ups a second are too many", "[empty_wakes]") {
  CHECK(first_too_many(100'000, 1us, UINT64_MAX) == 10'001);
  CHECK(first_too_many(100'000, 99us, UINT64_MAX) == 10'001);
  CHECK(first_too_many(100'000, 101us, UINT64_MAX) == 0);
}

TEST_CASE("wake-ups that bring something are none of those", "[empty_wakes]") {
  CHECK(first_too_many(100'000, 1us, 10'000) == 0);
  CHECK(first_too_many(100'000, 1us, 10'002) != 0);
}

#endif
