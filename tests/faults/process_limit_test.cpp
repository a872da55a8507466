// SPDX-License-Identifier: MIT
// What happens when the system starts no more threads.
#include <heddle/blocking.hpp>
#include <heddle/errors.hpp>
#include <heddle/thread_pool_executor.hpp>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <system_error>
#include <thread>

#include <support/catch.hpp>
#include <support/child_process.hpp>
#include <support/deadline.hpp>
#include <support/gate.hpp>
#include <support/threads.hpp>

using namespace std::chrono_literals;
using heddle::future;
using heddle::thread_pool_executor;
using heddle_test::gate;

namespace {

/// Root is not limited, and other processes of a user count. False if this one cannot become a user of its own.
bool become_somebody_alone() {
  constexpr uid_t nobody_else = 54321;
  if (::geteuid() != 0) return false;
  if (::setuid(nobody_else) != 0) return false;
  ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);  // or leak checkers cannot look
  return true;
}

void limit_threads_to(rlim_t most) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NPROC, &limit);
  limit.rlim_cur = most;
  if (::setrlimit(RLIMIT_NPROC, &limit) != 0) std::puts("the limit was not set");
}

bool cannot_start(std::size_t workers) {
  const std::size_t before = heddle_test::thread_count();
  try {
    const thread_pool_executor pool({.max_workers = workers});
    std::puts("all threads were started");
    return false;
  } catch (const heddle::executor_start_error& error) {
    return error.code() == std::errc::resource_unavailable_try_again && heddle_test::thread_count() == before;
  }
}

/// Whether a pool whose workers block goes on without a stand-in that cannot be started, and with one that can.
bool goes_on_without_stand_ins(rlim_t usual_limit) {
  std::array<gate, 2> blocked;
  thread_pool_executor pool({.max_workers = 2});
  for (gate& each : blocked) {
    pool.post([&each] {
      const heddle::blocking scope;
      each.pass();
    });
    each.wait_until_reached();
  }
  if (pool.stats().stand_ins_started != 0) {
    // One has come while the second worker was on its way; so there would be one to be called.
    for (gate& each : blocked) each.open();
    return goes_on_without_stand_ins(usual_limit);
  }
  limit_threads_to(1);
  future<int> waits = pool.submit([] { return 1; });
  const bool timed_out = !waits.wait(20ms);
  const bool counted = pool.stats().stand_ins_failed != 0;
  if (!timed_out || !counted) std::puts("a stand-in was started");
  limit_threads_to(usual_limit);
  future<int> calls_again = pool.submit([] { return 2; });
  const bool done = waits.result() == 1 && calls_again.result() == 2 && pool.stats().stand_ins_started != 0;
  for (gate& each : blocked) each.open();
  return timed_out && counted && done;
}

}  // namespace

TEST_CASE("a pool ends cleanly or goes on where the system starts no more threads", "[faults]") {
  if (heddle_test::in_the_child()) {
    const bool alone = become_somebody_alone();
    std::thread([] {}).join();  // with the first thread a sanitizer starts one of its own
    rlimit usual{};
    ::getrlimit(RLIMIT_NPROC, &usual);
    if (alone) {
      limit_threads_to(static_cast<rlim_t>(heddle_test::thread_count() + 3));
      std::puts(cannot_start(8) ? "some threads: right" : "some threads: wrong");
    }
    limit_threads_to(1);
    std::puts(cannot_start(2) ? "no thread: right" : "no thread: wrong");
    limit_threads_to(usual.rlim_cur);
    std::puts(goes_on_without_stand_ins(usual.rlim_cur) ? "stand-ins: right" : "stand-ins: wrong");
    return;
  }
  const heddle_test::deadline limit;
  const heddle_test::ended_child ended = heddle_test::run_this_test_in_a_child();
  INFO(ended.output);
  CHECK(ended.exit_code == 0);
  CHECK(ended.output.find("wrong") == std::string::npos);
  CHECK(ended.output.find("no thread: right") != std::string::npos);
  CHECK(ended.output.find("stand-ins: right") != std::string::npos);
}
