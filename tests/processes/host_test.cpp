// SPDX-License-Identifier: MIT
// Programs around a pool: how they end, where they make it, and what they do besides.
#include <heddle/process_pool_executor.hpp>

#include <sched.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/scale.hpp>

#include "processes/started_program.hpp"

using heddle::process_pool_executor;

namespace {

int three_times(int value) { return 3 * value; }

int count_cpus() {
  cpu_set_t allowed;
  return ::sched_getaffinity(::getpid(), sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 0;
}

struct ending {
  const char* how;
  int code;
  const char* output;
};

}  // namespace

TEST_CASE("a program may end in any way while it has calls", "[process_pool]") {
  const heddle_test::deadline limit;
  const auto [how, code, output] = GENERATE(  //
      ending{"return", 0, "atexit\nstatic destructors\n"}, ending{"exit", 3, "atexit\nstatic destructors\n"},
      ending{"exit_in_thread", 6, "atexit\nstatic destructors\n"}, ending{"quick_exit", 4, "at_quick_exit\n"},
      ending{"abort", 1000 + SIGABRT, ""}, ending{"killed", 1000 + SIGKILL, ""}, ending{"leave_a_child", 0, ""});
  INFO(how);
  heddle_test::started_program program({"end", how});
  int worker = 0;
  int started_by_worker = 0;
  int server = 0;
  REQUIRE(std::sscanf(program.read_line().c_str(), "%d %d %d", &worker, &started_by_worker, &server) == 3);
  if (code == 1000 + SIGKILL) ::kill(program.process(), SIGKILL);
  CHECK(program.wait() == code);
  for (const pid_t each : {worker, started_by_worker, server}) CHECK(heddle_test::is_gone_soon(each));
  CHECK(program.read_all() == output);
}

TEST_CASE("a callback that destroys its pool is told that it cannot", "[process_pool]") {
  const heddle_test::deadline limit;
  const auto ended = heddle_test::run_program({"destroy_in_callback"});
  CHECK(ended.code == 1000 + SIGABRT);
  CHECK(ended.output.find("let another thread destroy the executor") != std::string::npos);
}

TEST_CASE("a static object may be a pool, and its destructor waits for its calls", "[process_pool]") {
  const heddle_test::deadline limit;
  const auto ended = heddle_test::run_program({"static_pool"}, {.variables = {"HEDDLE_TEST_STATIC_POOL=1"}});
  CHECK(ended.code == 0);
  CHECK(ended.output == "used\ndestroyed\n");
}

TEST_CASE("a pool is made on a thread that ends, two at a time, and one when they are gone", "[process_pool]") {
  const heddle_test::deadline limit;
  std::unique_ptr<process_pool_executor> first;
  std::unique_ptr<process_pool_executor> second;
  std::thread([&] {
    first = std::make_unique<process_pool_executor>(heddle::process_pool_options{.max_workers = 1});
    CHECK(first->submit(three_times, 1).result() == 3);
    second = std::make_unique<process_pool_executor>(heddle::process_pool_options{.max_workers = 1});
  }).join();
  const pid_t worker = first->submit([] { return ::getpid(); }).result();
  CHECK(second->submit(three_times, 2).result() == 6);
  first.reset();
  CHECK(heddle_test::is_gone_soon(worker));
  CHECK(second->submit(three_times, 3).result() == 9);
  second.reset();
  process_pool_executor third{{.max_workers = 1}};
  CHECK(third.submit(three_times, 4).result() == 12);
}

TEST_CASE("workers are not bound to the CPU of the thread that made their pool", "[process_pool]") {
  const heddle_test::deadline limit;
  const int all = count_cpus();
  if (all < 2) SKIP("there is one CPU");
  std::thread([&] {
    cpu_set_t one;
    ::sched_getaffinity(0, sizeof one, &one);
    for (int each = 0; CPU_COUNT(&one) > 1; ++each) CPU_CLR(static_cast<std::size_t>(each), &one);
    REQUIRE(::sched_setaffinity(0, sizeof one, &one) == 0);
    process_pool_executor procs{{.max_workers = 1}};
    CHECK(procs.submit(count_cpus).result() == all);
  }).join();
}

TEST_CASE("a program may become a daemon, which makes a pool of its own", "[process_pool]") {
  if (heddle_test::under_thread_sanitizer) SKIP("it does not know which threads a forked child has");
  const heddle_test::deadline limit;
  const auto ended = heddle_test::run_program({"daemon"});
  CHECK(ended.code == 0);
  CHECK(ended.output == "daemon\n");
}

TEST_CASE("a program may let the system reap its children", "[process_pool]") {
  const heddle_test::deadline limit;
  const auto ended = heddle_test::run_program({"ignore_children"});
  CHECK(ended.output.empty());
  CHECK(ended.code == 0);
}

TEST_CASE("a program without init() may wait for all of its children", "[process_pool]") {
  if (heddle_test::under_thread_sanitizer) SKIP("it does not know which threads a forked child has");
  const heddle_test::deadline limit;
  const auto ended = heddle_test::run_program({"wait_for_all"}, {.variables = {"HEDDLE_TEST_FORKED=1"}});
  CHECK(ended.output.empty());
  CHECK(ended.code == 0);
}
