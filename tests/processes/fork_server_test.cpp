// SPDX-License-Identifier: MIT
// A fork server that hangs, or that ends again and again, and pools that go on.
#include <heddle/process_pool_executor.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <processes/hanging_call.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/scale.hpp>
#include <support/temporary_tree.hpp>

using namespace std::chrono_literals;
using heddle::process_pool_executor;
using heddle::worker_died;
using heddle_test::hang_in;
using heddle_test::never_return;

namespace {

bool uses_a_copy() { return std::getenv("HEDDLE_TEST_FORKED") != nullptr; }

int next_of(int value) { return value + 1; }

pid_t server_of(process_pool_executor& procs) {
  return procs.submit([] { return ::getppid(); }).result();
}

/// What a call gives, as soon as the pool has workers again.
int call_until_it_runs(process_pool_executor& procs, int value) {
  for (;;) {
    try {
      return procs.submit(next_of, value).result();
    } catch (const heddle::executor_start_error&) {
      ::usleep(10'000);
    }
  }
}

/// That of its workers when `before` has been killed, with which they end.
pid_t next_server_of(process_pool_executor& procs, pid_t before) {
  for (;;) {
    try {
      if (const pid_t server = server_of(procs); server != before) return server;
    } catch (const worker_died&) {
    } catch (const heddle::executor_start_error&) {
    }
    ::usleep(100);
  }
}

}  // namespace

TEST_CASE("while the fork server is stopped nobody waits who needs no new worker", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor old{{.max_workers = 1}};
  const pid_t server = server_of(old);
  REQUIRE(::kill(server, SIGSTOP) == 0);
  process_pool_executor procs{{.max_workers = 3}};
  std::vector<heddle::future<int>> waiting;
  for (int i = 0; i < 100; ++i) waiting.push_back(procs.submit(next_of, i));
  CHECK(procs.stats().workers == 3);
  CHECK(old.submit(next_of, 1).result() == 2);
  CHECK_FALSE(waiting[0].done());
  CHECK(waiting[99].cancel());
  REQUIRE(::kill(server, SIGCONT) == 0);
  for (int i = 0; i < 99; ++i) CHECK(waiting[static_cast<std::size_t>(i)].result() == i + 1);
  CHECK(server_of(old) == server);
}

TEST_CASE("a fork server that stays stopped is killed, and calls run in workers of the next one", "[process_pool]") {
  const heddle_test::deadline limit;
  if (uses_a_copy()) return;  // see the next test
  process_pool_executor old{{.max_workers = 1}};
  const pid_t server = server_of(old);
  auto hanging = hang_in(old);
  REQUIRE(::kill(server, SIGSTOP) == 0);
  process_pool_executor procs{{.max_workers = 2}};
  auto first = procs.submit(next_of, 1);
  auto second = procs.submit(next_of, 2);
  if (!first.wait(20s)) {  // so that the pools can end
    ::kill(server, SIGCONT);
    old.kill_workers();
    FAIL("it was not killed");
  }
  CHECK(first.result() == 2);
  CHECK(second.result() == 3);
  CHECK_THROWS_AS(hanging.result(), worker_died);
  CHECK(server_of(old) != server);
  for (int tries = 0; tries < 5000 && ::kill(server, 0) == 0; ++tries) ::usleep(1000);
  CHECK(::kill(server, 0) == -1);  // and was waited for
}

TEST_CASE("who makes a pool need not be the one who reads that the fork server has begun", "[process_pool]") {
  const heddle_test::deadline limit;
  if (uses_a_copy()) return;
  // That of the old pool may read it.
  process_pool_executor old{{.max_workers = 1}};
  pid_t server = server_of(old);
  for (int i = 0; i < 100; ++i) {
    REQUIRE(::kill(server, SIGKILL) == 0);
    const auto begin = std::chrono::steady_clock::now();
    const process_pool_executor next{{.max_workers = 1}};
    REQUIRE(std::chrono::steady_clock::now() - begin < heddle::process::server_process::longest_start);
    server = next_server_of(old, server);
  }
}

TEST_CASE("a copy that starts workers, and stays stopped, is killed, and calls fail", "[process_pool]") {
  const heddle_test::deadline limit;
  if (heddle_test::under_thread_sanitizer) return;  // its own thread keeps a child from forking a server
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(30);  // it dies of that where it would wait for ever
    heddle::process::program::current().arguments.clear();
    process_pool_executor procs{{.max_workers = 2}};
    const pid_t server = server_of(procs);
    auto hanging = procs.submit(never_return);
    ::kill(server, SIGSTOP);
    int code = 0;
    try {
      procs.submit(next_of, 1).result();
      code = 1;
    } catch (const heddle::executor_start_error&) {
    } catch (const worker_died&) {
    }
    try {
      hanging.result();
      code = 2;
    } catch (const heddle::executor_start_error&) {
    } catch (const worker_died&) {
    }
    ::_exit(code);
  }
  int status = -1;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  CHECK(status == 0);
}

TEST_CASE("a fork server that ends at once is not started for ever", "[process_pool]") {
  const heddle_test::deadline limit;
  if (uses_a_copy()) return;  // it is not started again at all
  const heddle_test::temporary_tree folder;
  const std::filesystem::path starts = std::filesystem::path(folder.root()) / "starts";
  process_pool_executor procs{{.max_workers = 2}};
  const pid_t server = server_of(procs);
  auto& program = heddle::process::program::current();
  const auto arguments = std::exchange(program.arguments, {"tests", "--count-and-end", starts.string()});
  REQUIRE(::kill(server, SIGKILL) == 0);
  while (::kill(server, 0) == 0) std::this_thread::yield();
  auto call = procs.submit(next_of, 1);
  if (!call.wait(20s)) {  // so that the pool can end
    program.arguments = arguments;
    FAIL("there is no end of it");
  }
  CHECK_THROWS_AS(call.result(), heddle::executor_start_error);
  // Afterwards one more whenever some time has passed, which it has where starting takes long.
  CHECK(std::filesystem::file_size(starts) >= heddle::process::restart_limit::most_failures);
  CHECK(std::filesystem::file_size(starts) <= 2 * heddle::process::restart_limit::most_failures);
  program.arguments = arguments;
  CHECK(call_until_it_runs(procs, 1) == 2);
}
