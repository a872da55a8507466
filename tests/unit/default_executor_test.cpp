// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <heddle/thread_pool_executor.hpp>
#include <support/catch.hpp>
#include <support/child_process.hpp>
#include <support/deadline.hpp>
#include <support/threads.hpp>
#include <thread>

using Catch::Matchers::ContainsSubstring;
using heddle::default_executor;
using heddle::thread_pool_executor;

TEST_CASE("the default executor starts with its first use, not with its header", "[default_executor]") {
  if (heddle_test::in_the_child()) {
    std::thread([] {}).join();  // a sanitizer may start a thread of its own with the program's first
    const std::size_t before = heddle_test::thread_count();
    std::printf("before %s\n", before <= 2 ? "few" : "many");
    const std::size_t workers = default_executor().max_workers();
    std::printf("after %s\n", heddle_test::thread_count() == before + workers ? "all" : "wrong");
    return;
  }
  const heddle_test::ended_child ended = heddle_test::run_this_test_in_a_child();
  CHECK(ended.exit_code == 0);
  CHECK_THAT(ended.output, ContainsSubstring("before few") && ContainsSubstring("after all"));
}

TEST_CASE("the default executor is one pool with a thread for each available processor", "[default_executor]") {
  thread_pool_executor& pool = default_executor();
  CHECK(&pool == &default_executor());
  CHECK(pool.max_workers() == heddle::available_parallelism());
  CHECK(pool.submit([] { return 2; }).result() == 2);
}

TEST_CASE("the default executor works while the program ends", "[default_executor]") {
  if (heddle_test::in_the_child()) {
    // One handler runs before those of this program's own objects, one after them, and neither has used it before.
    const auto use = [] {
      const int value = default_executor().submit([] { return 43; }).result();
      std::printf("at exit: %d\n", value - 1);
      std::fflush(stdout);
    };
    std::atexit(use);
    std::atexit(use);
    return;
  }
  const heddle_test::deadline limit;
  const heddle_test::ended_child ended = heddle_test::run_this_test_in_a_child();
  CHECK(ended.exit_code == 0);
  CHECK_THAT(ended.output, ContainsSubstring("at exit: 42\nat exit: 42\n"));
}

TEST_CASE("work that the default executor still has does not keep the program from ending", "[default_executor]") {
  if (heddle_test::in_the_child()) {
    for (std::size_t i = 0; i < 2 * default_executor().max_workers(); ++i) {
      default_executor().post([] { std::this_thread::sleep_for(std::chrono::hours(1)); });
    }
    return;
  }
  const heddle_test::deadline limit;
  CHECK(heddle_test::run_this_test_in_a_child().exit_code == 0);
}

TEST_CASE("the current executor is the pool whose worker asks", "[default_executor]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool({.max_workers = 1});
  thread_pool_executor other({.max_workers = 1});
  CHECK(&heddle::current_executor() == &default_executor());
  const auto ask = [] { return &heddle::current_executor(); };
  CHECK(pool.submit(ask).result() == &pool);
  CHECK(other.submit(ask).result() == &other);
  CHECK(default_executor().submit(ask).result() == &default_executor());
  CHECK(pool.submit([&] { return other.submit(ask).result() == &other && ask() == &pool; }).result());
}
