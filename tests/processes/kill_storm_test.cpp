// SPDX-License-Identifier: MIT
// A storm of kills: every call is accounted for, and nothing is left. bench/kill_storm is the same, larger.
#include <unistd.h>

#include <cstddef>
#include <cstdint>

#include <heddle/process_pool_executor.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/scale.hpp>

#include "processes/kill_storm.hpp"
#include "processes/process_counts.hpp"

using heddle_test::counts_at_rest;
using heddle_test::counts_when_settled;
using heddle_test::kill_storm;

TEST_CASE("a storm of kills loses no call, begins none twice, and fails none that was not hit", "[process_pool]") {
  const heddle_test::deadline limit;
  pid_t server = 0;
  {
    heddle::process_pool_executor first{{.max_workers = 1}};
    server = first.submit([] { return ::getppid(); }).result();
  }
  const auto before = counts_at_rest(::getpid());
  const auto before_in_server = counts_at_rest(server);
  const auto workers = GENERATE(std::size_t{1}, std::size_t{3});
  const auto account = kill_storm({.kills = heddle_test::scaled(200), .workers = workers}).run();
  CAPTURE(account);
  CHECK(account.is_sound());
  CHECK(counts_when_settled(::getpid(), before) == before);
  CHECK(counts_when_settled(server, before_in_server) == before_in_server);
}
