// SPDX-License-Identifier: MIT
// Workers and programs that stand still for a while: stopped, or held by a debugger.
#include <heddle/process_pool_executor.hpp>

#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>

#include <support/catch.hpp>
#include <support/deadline.hpp>

#include "processes/started_program.hpp"

using namespace std::chrono_literals;
using heddle::process_pool_executor;
using heddle::worker_died;

namespace {

int five_times(int value) { return 5 * value; }

void wait_until_stopped(pid_t process) {
  while (heddle_test::state_of(process) != 'T') std::this_thread::yield();
}

}  // namespace

TEST_CASE("a worker may be killed while it is stopped", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  const pid_t worker = procs.submit([] { return ::getpid(); }).result();
  auto stopped = procs.submit([] { ::raise(SIGSTOP); });
  wait_until_stopped(worker);
  ::kill(worker, SIGKILL);
  try {
    stopped.result();
    FAIL("it has ended");
  } catch (const worker_died& died) {
    CHECK(died.signal() == SIGKILL);
    CHECK(died.pid() == worker);
  }
  CHECK(procs.submit(five_times, 1).result() == 5);
}

TEST_CASE("a stopped worker goes on where it was", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  const pid_t worker = procs.submit([] { return ::getpid(); }).result();
  auto stopped = procs.submit([] { return ::raise(SIGSTOP), ::getpid(); });
  wait_until_stopped(worker);
  std::this_thread::sleep_for(50ms);  // who takes it for dead does so now
  ::kill(worker, SIGCONT);
  CHECK(stopped.result() == worker);
}

TEST_CASE("a pool ends though a worker that has nothing to do is stopped", "[process_pool]") {
  if (std::getenv("HEDDLE_TEST_FORKED") != nullptr) SKIP("it takes seconds, and would be the same");
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  const pid_t worker = procs.submit([] { return ::getpid(); }).result();
  ::kill(worker, SIGSTOP);
  wait_until_stopped(worker);
  procs.shutdown(heddle::pending_jobs::finish, heddle::join_workers::no);
  bool is_gone = false;
  for (int tries = 0; tries < 10 && !is_gone; ++tries) is_gone = heddle_test::is_gone_soon(worker);
  if (!is_gone) ::kill(worker, SIGCONT);  // so that the pool can end
  CHECK(is_gone);
}

TEST_CASE("no call is too late for the time that its program stood still", "[process_pool]") {
  if (std::getenv("HEDDLE_TEST_FORKED") != nullptr) SKIP("it takes seconds, and would be the same");
  const heddle_test::deadline limit;
  struct story {
    bool is_job_control;
    std::chrono::milliseconds stopped;
    std::chrono::milliseconds then;
  };
  // The call has three seconds, which come to an end before the program goes on, or after that.
  const auto told = GENERATE(story{true, 4000ms, 100ms}, story{false, 4000ms, 100ms}, story{false, 2700ms, 500ms});
  heddle_test::started_program program({"late_call"});
  const pid_t worker = std::atoi(program.read_line().c_str());
  REQUIRE(worker > 0);
  if (told.is_job_control) {
    ::kill(-program.process(), SIGTSTP);  // as a terminal does: the worker goes on
  } else {
    ::kill(worker, SIGSTOP);
    ::kill(program.process(), SIGSTOP);
  }
  program.wait_until_stopped();
  std::this_thread::sleep_for(told.stopped);
  ::kill(-program.process(), SIGCONT);
  std::this_thread::sleep_for(told.then);  // by now it would have been killed
  ::kill(worker, SIGCONT);
  program.write("go\n");
  CHECK(program.read_line() == "y");
  CHECK(program.wait() == 0);
}

TEST_CASE("a program that is stopped again and again, to slow it down, has time limits all the same",
          "[process_pool]") {
  if (std::getenv("HEDDLE_TEST_FORKED") != nullptr) SKIP("it takes seconds, and would be the same");
  const heddle_test::deadline limit;
  heddle_test::started_program program({"late_call"});
  REQUIRE(std::atoi(program.read_line().c_str()) > 0);
  for (int i = 0; i < 60; ++i) {
    ::kill(program.process(), SIGSTOP);
    std::this_thread::sleep_for(10ms);
    ::kill(program.process(), SIGCONT);
    std::this_thread::sleep_for(90ms);  // the call has three seconds
  }
  program.write("go\n");
  CHECK(program.read_line() != "y");
  CHECK(program.wait() == 0);
}

TEST_CASE("what a debugger holds has no time limit", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1, .timeout = 1s}};
  const pid_t worker = procs.submit([] { return ::getpid(); }).result();
  if (::ptrace(PTRACE_SEIZE, worker, nullptr, nullptr) != 0) SKIP("the system lets nobody debug");
  auto late = procs.submit([] { return ::usleep(1'500'000), 7; });
  CHECK(late.result() == 7);
  CHECK(procs.submit([] { return ::getpid(); }).result() == worker);
  REQUIRE(::ptrace(PTRACE_INTERRUPT, worker, nullptr, nullptr) == 0);
  int status = 0;
  REQUIRE(::waitpid(worker, &status, __WALL) == worker);
  REQUIRE(::ptrace(PTRACE_DETACH, worker, nullptr, nullptr) == 0);
  CHECK_THROWS_AS(procs
                      .submit([] {
                        for (;;) ::pause();
                      })
                      .result(),
                  heddle::task_timeout);
}
