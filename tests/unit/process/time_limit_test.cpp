// SPDX-License-Identifier: MIT
#include <heddle/process/time_limit.hpp>

#include <chrono>

#include <support/catch.hpp>

using namespace std::chrono_literals;
using heddle::process::time_limit;

TEST_CASE("a time limit is over at its end, and none that does not run ever is", "[time_limit]") {
  time_limit limit;
  CHECK_FALSE(limit.is_over(time_limit::clock::now() + 24h));
  CHECK_FALSE(limit.was_missed(time_limit::clock::now() + 24h));
  limit.start(1s);
  const auto end = limit.end();
  CHECK_FALSE(limit.is_over(end - 1ns));
  CHECK(limit.is_over(end));
  limit.stop();
  CHECK_FALSE(limit.is_over(end));
  limit.forgive(end - 1h, end);
  CHECK(limit.end() == time_limit::clock::time_point::max());
}

TEST_CASE("a time limit can be longer than a clock can tell", "[time_limit]") {
  time_limit limit;
  limit.start(std::chrono::nanoseconds::max());
  CHECK_FALSE(limit.is_over(time_limit::clock::now() + 24h * 365 * 99));
}

TEST_CASE("an end that nobody has seen for half a second was missed", "[time_limit]") {
  time_limit limit;
  limit.start(1s);
  CHECK_FALSE(limit.was_missed(limit.end() + 499ms));
  CHECK(limit.was_missed(limit.end() + 500ms));
}

TEST_CASE("a limit is given back the time since the last look, or since it began to run", "[time_limit]") {
  time_limit limit;
  limit.start(10s);
  const auto end = limit.end();
  const auto begin = end - 10s;
  limit.forgive(begin + 3s, begin + 30s);
  CHECK(limit.end() == end + 27s);

  limit.start(10s);
  const auto end_of_other = limit.end();
  limit.forgive(begin - 1h, end_of_other - 4s);
  CHECK(limit.end() == end_of_other + 6s);
}
