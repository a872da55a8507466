// SPDX-License-Identifier: MIT
// Kills worker processes, 10,000 if not told otherwise, one after the other and under load, and prints what became of
// every call, and what is left:
//
//     kill_storm [KILLS [WORKERS [SEED]]]
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include <heddle/process_pool_executor.hpp>
#include <processes/kill_storm.hpp>
#include <processes/process_counts.hpp>

namespace {

pid_t fork_server() {
  heddle::process_pool_executor procs{{.max_workers = 1}};
  return procs.submit([] { return ::getppid(); }).result();
}

}  // namespace

int main(int count, char** arguments) {
  heddle::init(count, arguments);
  heddle_test::kill_storm::size size;
  if (count > 1) size.kills = std::strtoul(arguments[1], nullptr, 10);
  if (count > 2) size.workers = std::strtoul(arguments[2], nullptr, 10);
  if (count > 3) size.seed = static_cast<unsigned>(std::strtoul(arguments[3], nullptr, 10));

  const pid_t server = fork_server();
  const auto before = heddle_test::counts_at_rest(::getpid());
  const auto before_in_server = heddle_test::counts_at_rest(server);
  std::cout << "before: " << before << "; in the fork server " << before_in_server << '\n' << std::flush;
  const heddle_test::storm_account account = heddle_test::kill_storm(size).run();
  const auto after = heddle_test::counts_when_settled(::getpid(), before);
  const auto after_in_server = heddle_test::counts_when_settled(server, before_in_server);
  std::cout << account << "after:  " << after << "; in the fork server " << after_in_server << '\n' << std::flush;
  return account.is_sound() && after == before && after_in_server == before_in_server ? 0 : 1;
}
