// SPDX-License-Identifier: MIT
// Pools and processes: fork, exit.
#include <heddle/heddle.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include <support/catch.hpp>
#include <support/child_process.hpp>
#include <support/deadline.hpp>
#include <support/gate.hpp>

namespace {

/// Runs `job()` in a forked child; returns what it returns, or 100 if it throws or crashes.
template <class Job>
int in_fork(Job job) {
  const pid_t child = ::fork();
  if (child == 0) {
    int code = 100;
    try {
      code = job();
    } catch (...) {
    }
    ::_exit(code);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 100;
}

std::string what_is_thrown_by(heddle::thread_pool_executor& pool) {
  try {
    static_cast<void>(pool.submit([] {}));
  } catch (const heddle::broken_thread_pool& error) {
    return error.what();
  }
  return "nothing";
}

}  // namespace

TEST_CASE("a forked child sees that a pool's threads stayed behind", "[lifetime][fork]") {
  const heddle_test::deadline limit;
  heddle::thread_pool_executor pool{{.max_workers = 2}};
  REQUIRE(pool.submit([] { return 1; }).result() == 1);
  CHECK(in_fork([&] {
          if (what_is_thrown_by(pool).find("fork") == std::string::npos) return 1;
          try {
            heddle::parallel_for(pool, 0, 10, [](int) {});
            return 2;
          } catch (const heddle::broken_thread_pool&) {
          }
          pool.shutdown();  // does not hang
          return 0;
        }) == 0);
  CHECK(pool.submit([] { return 2; }).result() == 2);
}

TEST_CASE("a forked child leaves alone what a pool's queue held, and who waits for it", "[lifetime][fork]") {
  const heddle_test::deadline limit;
  heddle_test::gate busy;
  int told = 0;  // by the worker, also after it has told who waits for the result
  heddle::thread_pool_executor pool{{.max_workers = 1}};
  heddle_test::occupy(pool, busy);
  auto queued = pool.submit([] { return 1; });
  queued.add_done_callback([&told] { ++told; });
  CHECK(in_fork([&] {
          pool.shutdown(heddle::pending_jobs::cancel);
          return told == 0 && !queued.done() ? 0 : 1;
        }) == 0);
  busy.open();
  CHECK(queued.result() == 1);
  pool.shutdown();
  CHECK(told == 1);
}

TEST_CASE("a pool may be destroyed in a forked child", "[lifetime][fork]") {
  const heddle_test::deadline limit;
  auto pool = std::make_unique<heddle::thread_pool_executor>(heddle::thread_pool_options{.max_workers = 2});
  CHECK(in_fork([&] {
          pool.reset();
          return 0;
        }) == 0);
}

TEST_CASE("a forked child gets a default executor of its own", "[lifetime][fork]") {
  const heddle_test::deadline limit;
  REQUIRE(heddle::default_executor().submit([] { return 1; }).result() == 1);
  CHECK(in_fork([] {
          if (heddle::default_executor().submit([] { return 2; }).result() != 2) return 1;
          std::atomic<int> sum{0};
          heddle::parallel_for(0, 100, [&](int i) { sum += i; });
          return sum == 4950 ? 0 : 2;
        }) == 0);
  CHECK(heddle::default_executor().submit([] { return 3; }).result() == 3);
}

TEST_CASE("a task may fork, and its child is nobody's worker", "[lifetime][fork]") {
  const heddle_test::deadline limit;
  heddle::thread_pool_executor pool{{.max_workers = 1}};
  const int code =
      pool.submit([] { return in_fork([] { return heddle::default_executor().submit([] { return 5; }).result(); }); })
          .result();
  CHECK(code == 5);
}

// Python's pools are joined before the handlers of atexit run; here the order of static objects says when (gh-83386).
TEST_CASE("a static pool finishes its calls while the program ends, also after a shutdown that did not wait",
          "[lifetime]") {
  const heddle_test::deadline limit;
  if (heddle_test::in_the_child()) {
    const auto use = [](heddle::thread_pool_executor& pool) {
      heddle_test::gate busy;
      heddle_test::occupy(pool, busy);
      pool.post([&pool] {
        try {
          pool.post([] {});
        } catch (const heddle::executor_shutdown_error&) {
          std::puts("too late");
        }
      });
      for (int i = 0; i < 3; ++i) pool.post([] { std::puts("apple"); });
      pool.shutdown(heddle::pending_jobs::finish, heddle::join_workers::no);
    };
    static heddle::thread_pool_executor pool{{.max_workers = 1}};
    use(pool);
    std::atexit([] { std::puts("at exit"); });
    std::exit(0);
  }
  const heddle_test::ended_child ended = heddle_test::run_this_test_in_a_child();
  CHECK(ended.exit_code == 0);
  CHECK_THAT(ended.output, Catch::Matchers::ContainsSubstring("too late\napple\napple\napple\n"));
}

TEST_CASE("the default executor works in atexit handlers, and the program ends all the same", "[lifetime]") {
  const heddle_test::deadline limit;
  if (heddle_test::in_the_child()) {
    heddle::default_executor().post([] {
      for (;;) ::pause();  // still runs when the program ends
    });
    std::atexit([] {
      heddle::parallel_for(0, 10, [](int) {});
      std::puts("looped at exit");
    });
    std::exit(7);
  }
  const heddle_test::ended_child ended = heddle_test::run_this_test_in_a_child();
  CHECK(ended.exit_code == 7);
  CHECK(ended.output.find("looped at exit") != std::string::npos);
}
