// SPDX-License-Identifier: MIT
#include <heddle/priority.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <heddle/asyncio.hpp>
#include <heddle/base/block_cache.hpp>
#include <heddle/errors.hpp>
#include <heddle/inline_executor.hpp>
#include <heddle/parallel_for.hpp>
#include <heddle/parallel_invoke.hpp>
#include <heddle/parallel_map.hpp>
#include <heddle/parallel_reduce.hpp>
#include <heddle/task_group.hpp>
#include <heddle/thread_pool_executor.hpp>
#include <support/allocation_count.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/gate.hpp>
#include <support/tracked.hpp>

using namespace std::chrono_literals;
using heddle::priority;
using heddle::thread_pool_executor;
using heddle_test::gate;
using pool_view = heddle::prioritized<thread_pool_executor>;

namespace {

constexpr priority all_levels[] = {priority::high, priority::normal, priority::background};

/// Calls `submit(pool, note)` in the only thread of a pool that is free, and returns what was noted by `note(i)`.
template <class Submit>
std::vector<int> notes_of_one_worker(std::size_t workers, std::size_t notes, Submit submit) {
  std::vector<gate> busy(workers - 1);
  std::vector<int> noted;
  heddle::promise<void> all_noted;
  thread_pool_executor pool({.max_workers = workers});
  for (gate& each : busy) heddle_test::occupy(pool, each);
  const auto note = [&](int i) {
    noted.push_back(i);
    if (noted.size() == notes) all_noted.set_value();
  };
  pool.post([&] { submit(pool, note); });
  all_noted.get_future().result();
  for (gate& each : busy) each.open();
  return noted;
}

/// Whether these are equal but for the place of one number. So that nothing starves, a worker gives one of its 61 turns
/// to its oldest call and one to whatever comes from outside; in a short while there is one such turn at most.
bool are_equal_but_for_one(const std::vector<int>& a, const std::vector<int>& b) {
  return std::any_of(a.begin(), a.end(), [&](int moved) {
    auto left_of_a = a;
    auto left_of_b = b;
    std::erase(left_of_a, moved);
    std::erase(left_of_b, moved);
    return left_of_a == left_of_b;
  });
}

/// Calls that add each other until the end, so that some always wait.
class flood {
 public:
  explicit flood(pool_view on) : on_(on) {
    for (int i = 0; i < width; ++i) add();
  }
  flood(const flood&) = delete;
  flood& operator=(const flood&) = delete;
  ~flood() {
    wanted_ = false;
    while (ended_ != width) std::this_thread::yield();
  }

 private:
  static constexpr int width = 8;

  void add() {
    on_.post([this] { wanted_ ? add() : static_cast<void>(++ended_); });
  }

  pool_view on_;
  std::atomic<bool> wanted_{true};
  std::atomic<int> ended_{0};
};

}  // namespace

static_assert(heddle::executor<pool_view> && heddle::executor<const pool_view&>);
static_assert(std::is_trivially_copyable_v<pool_view> && sizeof(pool_view) == 2 * sizeof(void*));

TEST_CASE("a view knows its pool and its priority", "[priority]") {
  thread_pool_executor pool({.max_workers = 3});
  for (const priority level : all_levels) {
    const auto on = pool.with(level);
    CHECK(&on.pool() == &pool);
    CHECK(on.level() == level);
    CHECK(on.max_workers() == 3);
  }
}

TEST_CASE("calls that wait begin by priority, and in the order of submission among themselves", "[priority]") {
  const heddle_test::deadline limit;
  const std::size_t workers = GENERATE(1U, 2U);
  CAPTURE(workers);
  const std::vector<int> begun = notes_of_one_worker(workers, 9, [](thread_pool_executor& pool, auto note) {
    std::thread([&] {  // that is no worker
      for (int i = 0; i < 3; ++i) {
        pool.with(priority::background).post([note, i] { note(20 + i); });
        pool.post([note, i] { note(10 + i); });
        pool.with(priority::high).post([note, i] { note(i); });
      }
    })
        .join();
  });
  CAPTURE(begun);
  CHECK(are_equal_but_for_one(begun, {0, 1, 2, 10, 11, 12, 20, 21, 22}));
}

TEST_CASE("what a worker submits goes by priority too, and is first in, first out unless normal", "[priority]") {
  const heddle_test::deadline limit;
  const std::size_t workers = GENERATE(1U, 2U);
  CAPTURE(workers);
  const std::vector<int> begun = notes_of_one_worker(workers, 9, [](thread_pool_executor& pool, auto note) {
    for (int i = 0; i < 3; ++i) {
      pool.with(priority::background).post([note, i] { note(20 + i); });
      pool.with(priority::normal).post([note, i] { note(10 + i); });
      pool.with(priority::high).post([note, i] { note(i); });
    }
  });
  const auto normal = workers == 1 ? std::array{10, 11, 12} : std::array{12, 11, 10};  // its own, newest first
  CAPTURE(begun);
  CHECK(are_equal_but_for_one(begun, {0, 1, 2, normal[0], normal[1], normal[2], 20, 21, 22}));
}

TEST_CASE("an urgent call does not wait for those that a worker has taken for itself", "[priority]") {
  const heddle_test::deadline limit;
  constexpr int many = 50;
  // The worker takes its share of the outside thread's calls into its own queue; then urgent ones come.
  const std::vector<int> begun = notes_of_one_worker(2, many + 2, [](thread_pool_executor& pool, auto note) {
    std::thread([&] {
      for (int i = 0; i < many; ++i) {
        pool.post([&pool, note, i] {
          note(i);
          if (i == 1) {
            for (int j = 0; j < 2; ++j) pool.with(priority::high).post([note, j] { note(100 + j); });
          }
        });
      }
    }).join();
  });
  CAPTURE(begun);
  CHECK(std::find(begun.begin(), begun.end(), 101) - std::find(begun.begin(), begun.end(), 1) <= 3);
}

TEST_CASE("a call of the background is begun only when its worker finds nothing else", "[priority]") {
  const heddle_test::deadline limit;
  // Each normal call adds the next one to the worker's own queue when one of the background waits already.
  constexpr int many = 20;
  const std::vector<int> begun = notes_of_one_worker(2, many + 2, [](thread_pool_executor& pool, auto note) {
    const auto add = [&pool, note](auto& self, int i) -> void {
      pool.post([&pool, note, self, i]() mutable {
        note(i);
        if (i == 0) {
          for (int j = 0; j < 2; ++j) pool.with(priority::background).post([note, j] { note(100 + j); });
        }
        if (i + 1 < many) self(self, i + 1);
      });
    };
    add(add, 0);
  });
  std::vector<int> expected(many);
  std::iota(expected.begin(), expected.end(), 0);
  expected.insert(expected.end(), {100, 101});
  CAPTURE(begun);
  CHECK(are_equal_but_for_one(begun, expected));
}

TEST_CASE("a loop is helped with before calls of the background are begun, and while some wait", "[priority]") {
  const heddle_test::deadline limit;
  std::array<gate, 2> busy;
  std::atomic<int> in_background{0};
  std::atomic<int> steps{0};  // of the loop's caller, which looks after each whether somebody wants more of the loop
  std::atomic<std::size_t> helped{0};  // how often the helper has come to a part of the loop
  std::array<int, 2> before_help{};    // how many calls of the background had begun
  thread_pool_executor pool({.max_workers = 2});
  for (gate& each : busy) heddle_test::occupy(pool, each);
  for (int i = 0; i < 100; ++i) {
    pool.with(priority::background).post([&] {
      ++in_background;
      for (const int before = steps; helped < 2 && steps < before + 5;) std::this_thread::yield();
    });
  }
  const auto here = std::this_thread::get_id();
  int last = -2;  // the helper's
  heddle::parallel_for(pool, 0, 100'000, [&](int i) {
    if (std::this_thread::get_id() != here) {
      if (i != last + 1 && helped < 2) before_help[helped++] = in_background;
      last = i;
      return;
    }
    busy[0].open();
    ++steps;
    const auto end = std::chrono::steady_clock::now() + 20us;  // or it would take several steps at a time
    while (helped < 2 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  });
  CHECK(helped == 2);
  // One of its 61 turns a worker gives to whatever comes from outside.
  CHECK(before_help[0] <= 1);
  CHECK(before_help[1] <= 3);
  busy[1].open();
  pool.shutdown();
  CHECK(in_background == 100);
}

TEST_CASE("a call of the background runs while urgent ones keep coming", "[priority][starvation]") {
  const heddle_test::deadline limit;
  const std::size_t workers = GENERATE(1U, 2U);
  CAPTURE(workers);
  const priority urgent = GENERATE(priority::high, priority::normal);
  thread_pool_executor pool({.max_workers = workers});
  const flood urgent_ones(pool.with(urgent));
  for (int i = 0; i < 20; ++i) pool.with(priority::background).submit([] {}).result();
}

TEST_CASE("normal calls run while urgent ones keep coming, those of workers too", "[priority][starvation]") {
  const heddle_test::deadline limit;
  const std::size_t workers = GENERATE(1U, 2U);
  CAPTURE(workers);
  thread_pool_executor pool({.max_workers = workers});
  const flood urgent_ones(pool.with(priority::high));
  for (int i = 0; i < 20; ++i) pool.submit([] {}).result();
  std::atomic<int> left{20};
  heddle::promise<void> done;
  pool.post([&] {
    for (int i = 0; i < 20; ++i) {
      pool.post([&] {
        if (--left == 0) done.set_value();
      });
    }
  });
  done.get_future().result();
}

TEST_CASE("calls in the queue of a worker that does not come to them run while urgent ones keep coming",
          "[priority][starvation]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool({.max_workers = 2});
  const flood urgent_ones(pool.with(priority::high));
  std::atomic<bool> called{false};
  pool.submit([&] {
        pool.post([&called] { called = true; });
        while (!called) std::this_thread::yield();
      })
      .result();
}

TEST_CASE("a worker claims a call of any priority that it waits for", "[priority]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool({.max_workers = 1});
  pool.submit([&] {
        const auto here = std::this_thread::get_id();
        for (const priority level : all_levels) {
          CHECK(pool.with(level).submit([] { return std::this_thread::get_id(); }).result() == here);
        }
      })
      .result();
}

TEST_CASE("a closed pool runs what it has of every priority, or cancels it", "[priority]") {
  const heddle_test::deadline limit;
  const auto end = GENERATE(heddle::pending_jobs::finish, heddle::pending_jobs::cancel);
  gate busy;
  std::atomic<int> ran{0};
  thread_pool_executor pool({.max_workers = 1});
  heddle_test::occupy(pool, busy);
  std::vector<heddle::future<void>> futures;
  for (const priority level : all_levels) futures.push_back(pool.with(level).submit([&] { ++ran; }));
  pool.shutdown(end, heddle::join_workers::no);
  for (const priority level : all_levels) {
    CHECK_THROWS_AS(pool.with(level).post([] {}), heddle::executor_shutdown_error);
    CHECK_THROWS_AS(pool.with(level).submit([] {}), heddle::executor_shutdown_error);
    CHECK_THROWS_AS(pool.with(level).submit_bulk([](int) {}, std::vector{1}), heddle::executor_shutdown_error);
  }
  busy.open();
  pool.shutdown();
  CHECK(ran == (end == heddle::pending_jobs::finish ? 3 : 0));
  for (const auto& each : futures) CHECK(each.cancelled() == (end == heddle::pending_jobs::cancel));
}

TEST_CASE("a call with a priority is one allocation", "[priority][allocation]") {
  const heddle_test::deadline limit;
  struct large {  // than a block that is kept for reuse
    std::array<char, heddle::base::large_block_cache::block_size> bytes{};
  };
  std::atomic<int> sum{0};
  const auto call = [&sum, held = large{}] { sum += 1 + held.bytes[0]; };
  thread_pool_executor pool({.max_workers = 1});
  for (const priority level : all_levels) {
    const auto on = pool.with(level);
    on.submit(call).result();
    CHECK(heddle_test::allocations_in([&] { on.submit(call).result(); }) == 1);
    CHECK(heddle_test::allocations_in([&] { on.post(call); }) == 1);
  }
  pool.shutdown();
  CHECK(sum == 9);
}

// ---- what takes an executor

TEST_CASE("loops on a view do what they do on the pool", "[priority][loops]") {
  const heddle_test::deadline limit;
  const std::size_t workers = GENERATE(1U, 2U, 4U);
  const priority level = GENERATE(priority::high, priority::normal, priority::background);
  thread_pool_executor pool({.max_workers = workers});
  const auto check = [&] {
    auto on = pool.with(level);
    const auto constant = on;
    std::vector<int> ones(10'000, 1);
    std::atomic<int> sum{0};
    const auto add = [&sum](int i) { sum += i; };
    heddle::parallel_for(on, 0, 10'000, [&](int) { ++sum; });
    heddle::parallel_for(constant, 0, 10'000, [&](int) { ++sum; });
    heddle::parallel_for(pool.with(level), 0, 10'000, [&](int) { ++sum; });
    heddle::parallel_for_each(on, ones, add);
    heddle::parallel_for_each(pool.with(level), ones, add);
    CHECK(sum == 50'000);
    CHECK(heddle::parallel_map(constant, [](int i) { return i + 1; }, ones) == std::vector<int>(10'000, 2));
    CHECK(heddle::parallel_map(pool.with(level), std::plus<>{}, ones, ones) == std::vector<int>(10'000, 2));
    CHECK(heddle::parallel_reduce(on, ones, 0, std::plus<>{}) == 10'000);
    CHECK(heddle::parallel_reduce(pool.with(level), ones, 0, std::plus<>{}, [](int i) { return 2 * i; }) == 20'000);
    CHECK_THROWS_AS(heddle::parallel_for(on, 0, 10'000,
                                         [](int i) {
                                           if (i >= 5000) throw i;
                                         }),
                    int);
    int results = 0;
    for (const int each : heddle::map(pool.with(level), [](int i) { return i; }, ones)) results += each;
    CHECK(results == 10'000);
  };
  check();
  pool.submit(check).result();
}

TEST_CASE("parallel_invoke() on a view and on other executors calls all, and throws what the first one did",
          "[priority][loops]") {
  const heddle_test::deadline limit;
  const auto check = [](auto&& on) {
    std::atomic<int> sum{0};
    heddle::parallel_invoke(on, [&] { sum += 1; });
    heddle::parallel_invoke(on, [&] { sum += 10; }, [&] { return sum += 20; });
    heddle::parallel_invoke(on, [&] { sum += 100; }, [&] { sum += 200; }, [&] { sum += 300; });
    CHECK(sum == 631);
    heddle::parallel_invoke(on);
    CHECK_THROWS_AS(
        heddle::parallel_invoke(on, [] {}, [] { throw 1; }, [] { throw std::runtime_error("third"); }), int);
  };
  thread_pool_executor pool({.max_workers = 2});
  for (const priority level : all_levels) {
    check(pool.with(level));
    pool.submit([&] { check(pool.with(level)); }).result();
    int called = 0;
    heddle::parallel_invoke(pool.with(level), [&] { ++called; });
    CHECK(called == 1);
  }
  check(heddle::inline_executor());
}

TEST_CASE("those who help with a loop come by the priority of its view, the caller works at once",
          "[priority][loops]") {
  const heddle_test::deadline limit;
  const priority level = GENERATE(priority::high, priority::background);
  gate busy;
  std::atomic<bool> normal_ran{false};
  std::atomic<bool> normal_first{false};
  std::atomic<bool> helped{false};
  gate also_busy;
  thread_pool_executor pool({.max_workers = 2});
  heddle_test::occupy(pool, busy);
  heddle_test::occupy(pool, also_busy);
  const auto normal = pool.submit([&] { normal_ran = true; });
  const auto here = std::this_thread::get_id();
  heddle::parallel_for(pool.with(level), 0, 1000, [&](int i) {
    if (std::this_thread::get_id() != here) {
      if (!helped.exchange(true)) normal_first = normal_ran.load();
    } else if (i == 0) {
      busy.open();  // one of the workers; the other one helps nobody
      while (!helped) std::this_thread::yield();
    }
  });
  CHECK(normal_first == (level == priority::background));
  also_busy.open();
  normal.result();
}

TEST_CASE("a loop on a view of a broken pool throws as on the pool", "[priority][loops]") {
  const heddle_test::deadline limit;
  const std::size_t workers = GENERATE(1U, 2U);
  thread_pool_executor pool({.max_workers = workers, .initializer = [] { throw 1; }});
  const auto submit_until_refused = [&] {
    for (;;) pool.post([] {});
  };
  CHECK_THROWS_AS(submit_until_refused(), heddle::broken_thread_pool);
  for (const priority level : all_levels) {
    CHECK_THROWS_AS(heddle::parallel_for(pool.with(level), 0, 10, [](int) {}), heddle::broken_thread_pool);
  }
}

TEST_CASE("a loop on a view of a pool that was shut down runs in the caller alone", "[priority][loops]") {
  thread_pool_executor pool({.max_workers = 2});
  pool.shutdown();
  for (const priority level : all_levels) {
    int calls = 0;
    heddle::parallel_for(pool.with(level), 0, 10, [&](int) { ++calls; });
    CHECK(calls == 10);
  }
}

TEST_CASE("a group has the priority of its view", "[priority][task_group]") {
  const heddle_test::deadline limit;
  const std::size_t workers = GENERATE(1U, 2U);
  std::vector<gate> busy(workers);
  std::vector<int> order;
  thread_pool_executor pool({.max_workers = workers});
  heddle::task_group background(pool.with(priority::background));
  heddle::task_group high(pool.with(priority::high));
  for (gate& each : busy) heddle_test::occupy(pool, each);
  background.run([&] { order.push_back(3); });
  pool.post([&] { order.push_back(2); });
  high.run([&] { order.push_back(1); });
  busy.front().open();
  background.wait();
  high.wait();
  CHECK(order == std::vector{1, 2, 3});
  for (gate& each : busy) each.open();
}

TEST_CASE("what a worker adds to a group goes by the group's priority", "[priority][task_group]") {
  const heddle_test::deadline limit;
  gate busy;
  std::vector<int> order;
  thread_pool_executor pool({.max_workers = 2});
  heddle::task_group background(pool.with(priority::background));
  heddle::task_group high(pool.with(priority::high));
  heddle_test::occupy(pool, busy);
  pool.submit([&] {
        background.run([&] { order.push_back(4); });
        pool.post([&] { order.push_back(3); });
        background.run([&] { order.push_back(5); });
        high.run([&] { order.push_back(1); });
        pool.post([&] { order.push_back(2); });  // the newest of the worker's own
      })
      .result();
  background.wait();
  high.wait();
  CAPTURE(order);
  CHECK(are_equal_but_for_one(order, {1, 2, 3, 4, 5}));
  busy.open();
}

TEST_CASE("a worker that waits for a group of any priority runs it", "[priority][task_group]") {
  const heddle_test::deadline limit;
  const std::size_t workers = GENERATE(1U, 2U, 4U);
  const priority level = GENERATE(priority::high, priority::normal, priority::background);
  thread_pool_executor pool({.max_workers = workers});
  std::atomic<int> calls{0};
  const auto use = [&] {
    heddle::task_group group(pool.with(level));
    for (int i = 0; i < 100; ++i) {
      group.run([&] {
        ++calls;
        group.run([&] { ++calls; });
      });
    }
    group.wait();
    group.run([] { throw 3; });
    CHECK_THROWS_AS(group.wait(), int);
  };
  use();
  pool.submit(use).result();
  CHECK(calls == 400);
}

TEST_CASE("to_thread() keeps a temporary view until it is awaited", "[priority][asyncio]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool({.max_workers = 1});
  auto waits = heddle::asyncio::to_thread(pool.with(priority::high), [](int a) { return a + 1; }, 4);
  CHECK(heddle::asyncio::run(std::move(waits)) == 5);
  const auto named = pool.with(priority::background);
  CHECK(heddle::asyncio::run(heddle::asyncio::to_thread(named, [] { return 6; })) == 6);
}
