// SPDX-License-Identifier: MIT
// Callbacks that take long, and what goes on meanwhile.
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>
#include <vector>

#include <heddle/process_pool_executor.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/threads.hpp>

#include "processes/held_call.hpp"

using namespace std::chrono_literals;
using heddle::process_pool_executor;
using heddle_test::let_go_on;
using heddle_test::stop_here;
using heddle_test::wait_for;

namespace {

/// Takes its time to be read, in its program.
struct read_late {
  pid_t program = 0;
  static inline std::atomic<bool> is_being_read{false};
  static inline std::atomic<bool> may_end{false};

  template <class Archive>
  void save(Archive& archive) const {
    archive(program);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(program);
    if (program != ::getpid()) return;
    is_being_read = true;
    wait_for(may_end);
  }
};

}  // namespace

TEST_CASE("time limits hold, and deaths are seen, while a callback takes its time", "[process_pool]") {
  const heddle_test::deadline limit;
  std::atomic<bool> is_in{false};
  std::atomic<bool> may_go{false};
  process_pool_executor procs{{.max_workers = 2, .timeout = 1s}};
  auto first = procs.submit(stop_here);
  first.add_done_callback([&](const auto&) {
    is_in = true;
    wait_for(may_go);
  });
  let_go_on(procs, [&] { return is_in.load(); });
  for (int i = 0; i < 3; ++i) {
    auto hanging = procs.submit([] {
      for (;;) ::pause();
    });
    auto dying = procs.submit([] { ::raise(SIGKILL); });
    CHECK_THROWS_AS(hanging.result(), heddle::task_timeout);
    CHECK_THROWS_AS(dying.result(), heddle::worker_died);
    CHECK(procs.submit([] { return 2; }).result() == 2);
  }
  may_go = true;
}

TEST_CASE("a result that takes its time to be read keeps no other call beyond its limit", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 2, .timeout = 1s}};
  auto slow = procs.submit([](pid_t program) { return read_late{program}; }, ::getpid());
  slow.add_done_callback([](const auto&) {});  // so that it is read by who has nothing else to do
  wait_for(read_late::is_being_read);
  auto hanging = procs.submit([] {
    for (;;) ::pause();
  });
  CHECK_THROWS_AS(hanging.result(), heddle::task_timeout);
  CHECK_FALSE(slow.done());
  read_late::may_end = true;
  CHECK(slow.result().program == ::getpid());
}

TEST_CASE("callbacks that do not wait for calls run one after the other", "[process_pool]") {
  const heddle_test::deadline limit;
  std::atomic<int> inside{0};
  std::atomic<int> overlaps{0};
  std::atomic<int> done{0};
  process_pool_executor procs{{.max_workers = 2}};
  std::vector<heddle::future<int>> held;  // one for each worker
  for (int i = 0; i < 2; ++i) held.push_back(procs.submit(stop_here));
  for (int i = 0; i < 20; ++i) {
    procs.submit([] {}).add_done_callback([&](const auto&) {
      if (++inside != 1) ++overlaps;
      ::usleep(8'000);  // longer than the pool's own thread may be away
      --inside;
      ++done;
    });
  }
  let_go_on(procs, [&] { return done == 20 && held[0].done() && held[1].done(); });
  procs.shutdown();
  CHECK(done == 20);
  CHECK(overlaps == 0);
}

TEST_CASE("a callback is told that it cannot wait for the end of its pool, also while another thread does",
          "[process_pool]") {
  const heddle_test::deadline limit;
  std::atomic<bool> is_in{false};
  std::atomic<bool> may_go{false};
  std::atomic<bool> is_refused{false};
  process_pool_executor procs{{.max_workers = 1}};
  auto call = procs.submit(stop_here);
  call.add_done_callback([&](const auto&) {
    is_in = true;
    wait_for(may_go);
    try {
      procs.shutdown();
    } catch (const heddle::invalid_state_error&) {
      is_refused = true;
    }
  });
  let_go_on(procs, [&] { return is_in.load(); });
  std::thread waits([&] { procs.shutdown(); });
  std::this_thread::sleep_for(20ms);  // it waits by now
  may_go = true;
  waits.join();
  CHECK(is_refused);
}
