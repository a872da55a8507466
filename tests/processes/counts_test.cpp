// SPDX-License-Identifier: MIT
// What a process and its fork server have is what they had before, however many pools there were.
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <utility>
#include <vector>

#include <heddle/process_pool_executor.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/scale.hpp>

#include "processes/process_counts.hpp"

using heddle::process_pool_executor;
using heddle_test::counts_at_rest;
using heddle_test::counts_when_settled;

namespace {

/// How pools end: what they had is done, or runs, or waits; or a worker has died.
void use_a_pool(std::size_t how) {
  process_pool_executor procs{{.max_workers = 2}};
  std::vector<heddle::future<int>> calls;
  for (int i = 0; i < 5; ++i) calls.push_back(procs.submit([](int x) { return x + 1; }, i));
  switch (how % 5) {
    case 0:
      for (auto& each : calls) CHECK(each.result() > 0);
      return;
    case 1:
      procs.submit([] { ::raise(SIGKILL); }).wait();
      return;
    case 2: {
      auto stays = procs.submit([] {
        for (;;) ::pause();
      });
      CHECK(calls[0].result() == 1);
      stays.cancel();
      return;
    }
    case 3:
      return procs.kill_workers();
    default:
      return;
  }
}

}  // namespace

TEST_CASE("a thousand pools leave nothing, here and in the fork server", "[process_pool]") {
  const heddle_test::deadline limit;
  pid_t server = 0;
  {
    process_pool_executor first{{.max_workers = 1}};
    server = first.submit([] { return ::getppid(); }).result();
  }
  const auto before = counts_at_rest(::getpid());
  const auto before_in_server = counts_at_rest(server);
  for (std::size_t i = 0; i < heddle_test::scaled(1000); ++i) use_a_pool(i);
  CHECK(counts_when_settled(::getpid(), before) == before);
  CHECK(counts_when_settled(server, before_in_server) == before_in_server);
}
