// SPDX-License-Identifier: MIT
// Groups of calls that are added, stolen, claimed, awaited and destroyed at every possible moment.
#include <heddle/task_group.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/scale.hpp>

using heddle::task_group;
using heddle::thread_pool_executor;
using heddle_test::scaled;

namespace {

/// fib by groups: a group at each level.
std::uint64_t fib(thread_pool_executor& pool, unsigned n) {
  if (n < 2) return n;
  std::uint64_t left = 0;
  std::uint64_t right = 0;
  task_group group(pool);
  group.run([&] { left = fib(pool, n - 1); });
  group.run([&] { right = fib(pool, n - 2); });
  group.wait();
  return left + right;
}

/// What is alive of something, and the most that ever was.
struct population {
  void enter() {
    const std::int64_t now = ++alive;
    std::int64_t seen = most;
    while (seen < now && !most.compare_exchange_weak(seen, now)) {
    }
  }
  void leave() { --alive; }

  std::atomic<std::int64_t> alive{0};
  std::atomic<std::int64_t> most{0};
};

/// A binary tree of calls, each of which is alive from when it was added.
void grow(task_group& group, unsigned height, population& calls) {
  calls.leave();
  if (height == 0) return;
  for (int side = 0; side < 2; ++side) {
    calls.enter();
    group.run([&group, height, &calls] { grow(group, height - 1, calls); });
  }
}

}  // namespace

TEST_CASE("groups in groups are counted right by every number of workers", "[stress]") {
  const heddle_test::deadline limit(std::chrono::seconds(250));
  for (const std::size_t workers : {1U, 2U, 3U, 8U}) {
    thread_pool_executor pool{{.max_workers = workers}};
    for (std::size_t round = 0; round < scaled(10); ++round) {
      REQUIRE(pool.submit([&pool] { return fib(pool, 14); }).result() == 377);
    }
  }
}

TEST_CASE("threads add to groups that workers and others wait for", "[stress]") {
  const heddle_test::deadline limit(std::chrono::seconds(250));
  for (const std::size_t workers : {1U, 2U, 3U}) {
    thread_pool_executor pool{{.max_workers = workers}};
    for (std::size_t round = 0; round < scaled(200); ++round) {
      std::optional<task_group> group;
      group.emplace(pool);
      std::atomic<int> calls{0};
      std::array<std::thread, 2> adders;
      for (std::thread& each : adders) {
        each = std::thread([&] {
          for (int i = 0; i < 100; ++i) group->run([&calls] { ++calls; });
        });
      }
      auto helper = pool.submit([&] {
        for (int i = 0; i < 100; ++i) group->run([&calls] { ++calls; });
        group->wait();
      });
      for (std::thread& each : adders) each.join();
      helper.result();
      group->wait();
      group.reset();
      REQUIRE(calls == 300);
    }
  }
}

TEST_CASE("a group may be destroyed as soon as its wait returns, and another take its place", "[stress]") {
  const heddle_test::deadline limit(std::chrono::seconds(250));
  for (const std::size_t workers : {1U, 2U, 3U}) {
    thread_pool_executor pool{{.max_workers = workers}};
    const auto many_groups = [&pool](std::size_t rounds) {
      for (std::size_t round = 0; round < rounds; ++round) {
        int first = 0;
        int second = 0;
        task_group group(pool);
        group.run([&first] { first = 1; });
        group.run([&second] { second = 2; });
        group.wait();
        if (first + second != 3) throw std::logic_error("a call is missing");
      }
    };
    auto inside = pool.submit(many_groups, scaled(20'000));
    many_groups(scaled(2'000));
    inside.result();
  }
}

TEST_CASE("a worker waits for a group that another worker owns and still adds to", "[stress]") {
  const heddle_test::deadline limit(std::chrono::seconds(250));
  thread_pool_executor pool{{.max_workers = 3}};
  for (std::size_t round = 0; round < scaled(500); ++round) {
    std::atomic<task_group*> shared{nullptr};
    std::atomic<bool> waited{false};
    std::atomic<int> calls{0};
    auto owner = pool.submit([&] {
      task_group group(pool);
      group.run([&] { ++calls; });
      shared = &group;
      for (int i = 0; i < 100; ++i) group.run([&] { ++calls; });
      group.wait();
      while (!waited) std::this_thread::yield();
    });
    while (shared == nullptr) std::this_thread::yield();
    shared.load()->wait();
    waited = true;
    owner.result();
    REQUIRE(calls == 101);
  }
}

TEST_CASE("calls that throw and cancel leave nothing behind", "[stress]") {
  const heddle_test::deadline limit(std::chrono::seconds(250));
  thread_pool_executor pool{{.max_workers = 3}};
  pool.submit([&pool] {
        task_group group(pool);
        for (std::size_t round = 0; round < scaled(500); ++round) {
          for (int i = 0; i < 20; ++i) {
            group.run([&group, i] {
              if (i == 10) group.cancel();
              if (i % 7 == 3) throw i;
            });
          }
          try {
            group.wait();
          } catch (int thrown) {
            REQUIRE(thrown % 7 == 3);
          }
          REQUIRE_FALSE(group.is_cancelled());
        }
      })
      .result();
}

TEST_CASE("a tree of calls keeps few of them waiting", "[stress]") {
  const heddle_test::deadline limit(std::chrono::seconds(250));
  for (const std::size_t workers : {2U, 3U}) {
    thread_pool_executor pool{{.max_workers = workers}};
    population calls;
    const unsigned height = scaled(100) == 100 ? 19 : 15;
    pool.submit([&] {
          task_group group(pool);
          calls.enter();
          grow(group, height, calls);
          group.wait();
        })
        .result();
    CHECK(calls.alive == 0);
    CHECK(calls.most < 5'000);
  }
}
