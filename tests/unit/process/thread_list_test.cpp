// SPDX-License-Identifier: MIT
#if defined(__linux__)

#include <heddle/process/thread_list.hpp>

#include <atomic>
#include <chrono>
#include <thread>

#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/threads.hpp>

using heddle::process::thread_list;

TEST_CASE("threads of a list are joined, with those that they start", "[thread_list]") {
  const heddle_test::deadline limit;
  std::atomic<int> ended{0};
  thread_list threads;
  CHECK(threads.is_empty());
  threads.start([&] { threads.start([&] { ++ended; }, [] {}); }, [&] { ++ended; });
  threads.join_all();
  CHECK(ended == 2);
  CHECK(threads.is_empty());
}

TEST_CASE("those that have ended can be joined while others go on", "[thread_list]") {
  const heddle_test::deadline limit;
  std::atomic<bool> may_end{false};
  std::atomic<bool> has_ended{false};
  thread_list threads;
  threads.start([&] { heddle_test::wait_for(may_end); }, [] {});
  threads.start([] {}, [&] { has_ended = true; });
  heddle_test::wait_for(has_ended);
  threads.join_ended();
  CHECK_FALSE(threads.is_empty());
  may_end = true;
}

TEST_CASE("a thread of a list knows that it is one, also while it is waited for", "[thread_list]") {
  const heddle_test::deadline limit;
  std::atomic<bool> is_asked{false};
  std::atomic<bool> knows{false};
  thread_list threads;
  threads.start(
      [&] {
        heddle_test::wait_for(is_asked);
        knows = threads.runs_this_thread();
      },
      [] {});
  CHECK_FALSE(threads.runs_this_thread());
  std::thread joins([&] { threads.join_all(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // it waits by now
  is_asked = true;
  joins.join();
  CHECK(knows);
}

#endif
