// SPDX-License-Identifier: MIT
#include <heddle/process/restart_limit.hpp>

#include <chrono>

#include <support/catch.hpp>

using namespace std::chrono_literals;
using heddle::process::restart_limit;

TEST_CASE("a server that has never been started may be at once", "[restart_limit]") {
  const restart_limit limit;
  CHECK(limit.next() <= restart_limit::clock::now());
  CHECK_FALSE(limit.has_failed_too_often());
}

TEST_CASE("a server that fails is started ever more seldom, until it succeeds", "[restart_limit]") {
  restart_limit limit;
  const restart_limit::clock::time_point start{100s};
  limit.note_start(start);
  CHECK(limit.next() == start + restart_limit::shortest);
  auto last = limit.next();
  for (int i = 0; i < 100; ++i) {
    CHECK(limit.has_failed_too_often() == (i >= 3));
    limit.note_failure();
    CHECK((limit.next() > last || limit.next() == start + restart_limit::longest));
    last = limit.next();
  }
  CHECK(last == start + restart_limit::longest);
  limit.note_success();
  CHECK_FALSE(limit.has_failed_too_often());
  CHECK(limit.next() == start + restart_limit::shortest);
}
