// SPDX-License-Identifier: MIT
// The machine scheduling/: workers and their jobs, without futures.
#include <pthread.h>

#include <cstddef>
#include <heddle/base/atomic.hpp>
#include <heddle/queue/job.hpp>
#include <heddle/scheduling/pool.hpp>
#include <heddle/scheduling/thread.hpp>
#include <heddle/sync/this_thread.hpp>
#include <latch>
#include <stdexcept>
#include <string>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <thread>
#include <vector>

using heddle::scheduling::pool;

namespace {

/// Counts how it ended.
struct counting_job final : heddle::queue::job {
  counting_job()
      : job([](job& self, unsigned request, const heddle::queue::refusal* why) noexcept {
          auto& asked = static_cast<counting_job&>(self);
          if (request == run_request) {
            ++asked.runs;
          } else {
            ++asked.refusals;
            asked.had_error = why->error != nullptr;
          }
        }) {}
  std::atomic<int> runs{0};
  std::atomic<int> refusals{0};
  std::atomic<bool> had_error{false};
};

std::string name_of_a_thread_called(const std::string& prefix, std::size_t index) {
  char name[32] = {};
  std::thread([&] {
    heddle::scheduling::name_this_thread(prefix, index);
    ::pthread_getname_np(::pthread_self(), name, sizeof name);
  }).join();
  return name;
}

}  // namespace

TEST_CASE("a pool runs every job that it accepted before it ends", "[pool]") {
  const heddle_test::deadline limit;
  std::vector<counting_job> jobs(100);
  counting_job late;
  {
    pool workers({.workers = 2});
    CHECK(workers.size() == 2);
    for (counting_job& added : jobs) REQUIRE(workers.try_push(added) == pool::admission::accepted);
    workers.close();
    CHECK(workers.try_push(late) == pool::admission::closed);
    workers.close();
    workers.join();
    workers.join();
  }
  for (const counting_job& ended : jobs) {
    CHECK(ended.runs == 1);
    CHECK(ended.refusals == 0);
  }
  CHECK(late.runs + late.refusals == 0);
}

TEST_CASE("a pool refuses what is queued on request", "[pool]") {
  const heddle_test::deadline limit;
  std::latch entered(1);
  std::latch leave(1);
  struct blocking_job final : heddle::queue::job {
    blocking_job(std::latch& its_entered, std::latch& its_leave)
        : job([](job& self, unsigned, const heddle::queue::refusal*) noexcept {
            static_cast<blocking_job&>(self).entered.count_down();
            static_cast<blocking_job&>(self).leave.wait();
          }),
          entered(its_entered),
          leave(its_leave) {}
    std::latch& entered;
    std::latch& leave;
  } blocking(entered, leave);
  counting_job queued;
  pool workers({.workers = 1});
  REQUIRE(workers.try_push(blocking) == pool::admission::accepted);
  REQUIRE(workers.try_push(queued) == pool::admission::accepted);
  entered.wait();
  workers.cancel_queued();
  CHECK(queued.refusals == 1);
  CHECK_FALSE(queued.had_error);
  workers.close();
  leave.count_down();
  workers.join();
  CHECK(queued.runs == 0);
}

TEST_CASE("a pool whose start hook throws is broken and refuses its jobs with the error", "[pool]") {
  const heddle_test::deadline limit;
  std::latch pushed(1);
  counting_job queued;
  counting_job late;
  pool workers({.workers = 1, .on_start = [&](std::size_t) {
                  pushed.wait();
                  throw std::runtime_error("cannot start");
                }});
  REQUIRE(workers.try_push(queued) == pool::admission::accepted);
  pushed.count_down();
  workers.join();
  CHECK(queued.refusals == 1);
  CHECK(queued.had_error);
  CHECK(workers.try_push(late) == pool::admission::broken);
  CHECK_THROWS_AS(workers.rethrow_if_broken(), std::runtime_error);
}

TEST_CASE("start hooks get every index once", "[pool]") {
  const heddle_test::deadline limit;
  std::vector<std::atomic<int>> seen(8);
  pool workers({.workers = 8, .on_start = [&](std::size_t index) { ++seen.at(index); }});
  workers.close();
  workers.join();
  for (const auto& times : seen) CHECK(times == 1);
}

TEST_CASE("a pool knows its own threads, and they know its owner", "[pool]") {
  const heddle_test::deadline limit;
  int owner = 0;
  std::atomic<bool> ours{false};
  std::atomic<void*> found{nullptr};
  std::atomic<const void*> home{nullptr};
  std::atomic<const pool*> self{nullptr};
  std::latch known(1);
  pool workers({.workers = 1,
                .on_start =
                    [&](std::size_t) {
                      known.wait();
                      ours = self.load()->runs_this_thread();
                      found = pool::owner_of_this_thread();
                      home = heddle::sync::current_context::get()->home();
                    },
                .owner = &owner});
  self = &workers;
  known.count_down();
  CHECK_FALSE(workers.runs_this_thread());
  CHECK(pool::owner_of_this_thread() == nullptr);
  workers.close();
  workers.join();
  CHECK(ours);
  CHECK(found == &owner);
  CHECK(home == &workers);
}

TEST_CASE("a long thread name loses characters of its prefix and none of its number", "[thread]") {
  CHECK(name_of_a_thread_called("io", 0) == "io_0");
  CHECK(name_of_a_thread_called("", 7) == "_7");
  CHECK(name_of_a_thread_called("exactly13char", 1) == "exactly13char_1");
  CHECK(name_of_a_thread_called("a prefix that is far too long", 9) == "a prefix that_9");
  CHECK(name_of_a_thread_called("a prefix that is far too long", 4095) == "a prefix t_4095");
}
