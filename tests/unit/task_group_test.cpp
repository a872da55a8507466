// SPDX-License-Identifier: MIT
#include <heddle/task_group.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <heddle/asyncio.hpp>
#include <support/allocation_count.hpp>
#include <support/captured_stderr.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/gate.hpp>
#include <support/scale.hpp>
#include <support/tracked.hpp>

using heddle::task_group;
using heddle::thread_pool_executor;

namespace {

/// Calls f() in a worker of the pool, and returns when it has ended.
template <class F>
void in_worker(thread_pool_executor& pool, F f) {
  pool.submit([&f] { f(); }).result();
}

/// Adds a binary tree of calls to the group, whose leaves are counted.
void spawn_tree(task_group& group, unsigned height, std::atomic<int>& leaves) {
  if (height == 0) {
    ++leaves;
    return;
  }
  for (int side = 0; side < 2; ++side) {
    group.run([&group, height, &leaves] { spawn_tree(group, height - 1, leaves); });
  }
}

/// A group in a group in a group: the innermost call counts.
void nest(thread_pool_executor& pool, unsigned levels, std::atomic<int>& calls) {
  task_group group(pool);
  group.run([&pool, levels, &calls] {
    if (levels == 0) {
      ++calls;
    } else {
      nest(pool, levels - 1, calls);
    }
  });
  group.wait();
}

}  // namespace

TEST_CASE("all calls of a group have ended when its wait returns, on any number of workers", "[task_group]") {
  const heddle_test::deadline limit;
  const std::size_t workers = GENERATE(1U, 2U, 8U);
  CAPTURE(workers);
  thread_pool_executor pool{{.max_workers = workers}};
  std::atomic<int> calls{0};
  const auto run_and_wait = [&] {
    task_group group(pool);
    group.wait();  // of nothing
    for (int round = 1; round <= 3; ++round) {
      for (int i = 0; i < 1000; ++i) group.run([&calls] { ++calls; });
      group.wait();
      CHECK(calls == round * 1000);
    }
    calls = 0;
  };
  run_and_wait();
  in_worker(pool, run_and_wait);
}

TEST_CASE("calls may add calls to their group", "[task_group]") {
  const heddle_test::deadline limit;
  const std::size_t workers = GENERATE(1U, 2U, 8U);
  CAPTURE(workers);
  thread_pool_executor pool{{.max_workers = workers}};
  const auto grow = [&pool] {
    std::atomic<int> leaves{0};
    task_group group(pool);
    spawn_tree(group, 10, leaves);
    group.wait();
    CHECK(leaves == 1024);
  };
  grow();
  in_worker(pool, grow);
}

TEST_CASE("a group without an executor runs on the pool whose worker made it", "[task_group]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 2}};
  in_worker(pool, [&pool] {
    thread_pool_executor* here = nullptr;
    task_group group;
    group.run([&here] { here = &heddle::current_executor(); });
    group.wait();
    CHECK(here == &pool);
  });
}

TEST_CASE("the wait for a group rethrows what its first failing call threw, and the group is as new", "[task_group]") {
  const heddle_test::deadline limit;
  const std::size_t workers = GENERATE(1U, 2U, 8U);
  CAPTURE(workers);
  thread_pool_executor pool{{.max_workers = workers}};
  std::atomic<int> calls{0};
  const auto throw_and_wait = [&] {
    calls = 0;
    task_group group(pool);
    heddle_test::gate first;
    group.run([&first] {
      first.pass();
      throw std::runtime_error("first");
    });
    if (workers == 1) first.open();
    for (int i = 0; i < 10; ++i) {
      group.run([&calls] {
        ++calls;
        throw std::string("later");
      });
    }
    first.open();
    // All of them throw, so one of them is what comes out, once.
    CHECK_THROWS(group.wait());
    CHECK(calls == 10);
    CHECK_NOTHROW(group.wait());
    group.run([] { throw 7; });
    CHECK_THROWS_AS(group.wait(), int);
  };
  throw_and_wait();
  in_worker(pool, throw_and_wait);
}

TEST_CASE("of two calls that throw one after the other, the first one's exception is kept", "[task_group]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  task_group group(pool);
  group.run([] { throw std::runtime_error("first"); });
  group.run([] { throw std::string("second"); });
  CHECK_THROWS_AS(group.wait(), std::runtime_error);
}

TEST_CASE("calls of a cancelled group that have not begun are dropped", "[task_group]") {
  const heddle_test::deadline limit;
  const std::size_t workers = GENERATE(1U, 2U);
  CAPTURE(workers);
  thread_pool_executor pool{{.max_workers = workers}};
  heddle_test::life_counts counts;
  int calls = 0;
  in_worker(pool, [&] {
    task_group group(pool);
    CHECK_FALSE(group.is_cancelled());
    group.cancel();
    for (int i = 0; i < 10; ++i) group.run([&calls, life = heddle_test::tracked(counts)] { ++calls; });
    CHECK(group.is_cancelled());
    group.wait();
    CHECK(calls == 0);
    CHECK(counts.alive == 0);
    CHECK_FALSE(group.is_cancelled());
    group.run([&calls] { ++calls; });
    group.wait();
    CHECK(calls == 1);
  });
}

TEST_CASE("a call that runs sees that its group is cancelled", "[task_group]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 2}};
  task_group group(pool);
  std::atomic<bool> runs{false};
  group.run([&] {
    runs = true;
    while (!group.is_cancelled()) std::this_thread::yield();
  });
  while (!runs) std::this_thread::yield();
  group.cancel();
  group.wait();
}

TEST_CASE("the destructor of a group waits, and reports an exception that nobody has waited for", "[task_group]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 2}};
  std::atomic<int> calls{0};
  std::string reported;
  {
    const heddle_test::captured_stderr output;
    {
      task_group group(pool);
      for (int i = 0; i < 100; ++i) group.run([&calls] { ++calls; });
      group.run([] { throw std::runtime_error("the roof leaks"); });
    }
    CHECK(calls == 100);
    reported = output.text();
  }
  CHECK(reported ==
        "heddle: a task_group was destroyed, and nobody waited for what one of its calls threw: the roof leaks\n");
}

TEST_CASE("callables are kept without an allocation up to 24 bytes, and with one above", "[task_group]") {
  const heddle_test::deadline limit;
  heddle_test::gate busy;
  thread_pool_executor pool{{.max_workers = 2}};
  heddle_test::occupy(pool, busy);
  in_worker(pool, [&pool] {
    std::atomic<int> calls{0};
    const auto small = [&calls, a = 1L, b = 2L] { calls += static_cast<int>(a + b); };
    const auto large = [&calls, a = 1L, b = 2L, c = 3L] { calls += static_cast<int>(a + b + c) / 2; };
    static_assert(sizeof small == 24 && sizeof large == 32);
    task_group group(pool);
    const auto run_ten = [&group](const auto& callable) {
      for (int i = 0; i < 10; ++i) group.run(callable);
      group.wait();
    };
    run_ten(small);  // blocks for all of them, and room in the queue
    CHECK(heddle_test::allocations_in([&] { run_ten(small); }) == 0);
    CHECK(heddle_test::allocations_in([&] { run_ten(large); }) == 10);
    CHECK(calls == 10 * (3 + 3 + 3));
  });
  busy.open();
}

TEST_CASE("a callable may be move-only and aligned, and is destroyed before the wait returns", "[task_group]") {
  const heddle_test::deadline limit;
  struct alignas(64) aligned {
    std::array<char, 64> bytes{};
  };
  const std::size_t workers = GENERATE(1U, 2U);
  thread_pool_executor pool{{.max_workers = workers}};
  heddle_test::life_counts counts;
  std::atomic<int> calls{0};
  std::atomic<bool> is_aligned{true};
  task_group group(pool);
  group.run([&calls, one = std::make_unique<int>(1)] { calls += *one; });
  group.run([&calls, &is_aligned, block = aligned()] {
    ++calls;
    if (reinterpret_cast<std::uintptr_t>(&block) % 64 != 0) is_aligned = false;
  });
  group.run([&calls, life = heddle_test::tracked(counts)] { ++calls; });
  group.run([&calls, life = heddle_test::tracked(counts), padding = aligned()] { ++calls; });
  group.wait();
  CHECK(calls == 4);
  CHECK(is_aligned);
  CHECK(counts.alive == 0);
  CHECK(counts.copies == 0);
}

TEST_CASE("a callable whose copy throws is not added", "[task_group]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 2}};
  heddle_test::life_counts counts;
  task_group group(pool);
  {
    const auto callable = [life = heddle_test::tracked(counts)] {};
    counts.copies_allowed = 0;
    CHECK_THROWS_AS(group.run(callable), heddle_test::copy_refused);
  }
  group.wait();
  CHECK(counts.alive == 0);
}

TEST_CASE("the only worker of a pool runs the calls that it waits for out of turn, and in order", "[task_group]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  std::vector<int> order;
  in_worker(pool, [&] {
    pool.post([&order] { order.push_back(-1); });
    task_group group(pool);
    for (int i = 0; i < 3; ++i) group.run([&order, i] { order.push_back(i); });
    group.wait();
    CHECK(order == std::vector{0, 1, 2});
  });
  in_worker(pool, [] {});
  CHECK(order == std::vector{0, 1, 2, -1});
}

TEST_CASE("the only worker of a pool gives calls that nobody waits for their turn in the order of submission",
          "[task_group]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  std::vector<int> order;
  std::optional<task_group> group(pool);
  in_worker(pool, [&] {
    group->run([&order] { order.push_back(0); });
    pool.post([&order] { order.push_back(1); });
    group->run([&order] { order.push_back(2); });
  });
  group->wait();
  CHECK(order == std::vector{0, 1, 2});
}

TEST_CASE("a call that outside threads add while the only worker waits is run by it", "[task_group]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  task_group group(pool);
  std::atomic<bool> called{false};
  std::thread adder;
  in_worker(pool, [&] {
    group.run([&] {
      adder = std::thread([&] { group.run([&called] { called = true; }); });
      adder.join();
    });
    group.wait();
    CHECK(called);
  });
}

TEST_CASE("an outside thread that waits runs nothing itself", "[task_group]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 2}};
  const std::thread::id here = std::this_thread::get_id();
  std::atomic<int> calls_here{0};
  task_group group(pool);
  for (int i = 0; i < 1000; ++i) {
    group.run([&] {
      if (std::this_thread::get_id() == here) ++calls_here;
    });
  }
  group.wait();
  CHECK(calls_here == 0);
}

TEST_CASE("a worker that waits runs calls of the group alone, also from under other work", "[task_group]") {
  const heddle_test::deadline limit;
  heddle_test::gate busy;
  thread_pool_executor pool{{.max_workers = 2}};
  heddle_test::occupy(pool, busy);  // the other worker
  std::atomic<bool> in_wait{false};
  std::atomic<bool> posted_in_wait{false};
  in_worker(pool, [&] {
    const std::thread::id here = std::this_thread::get_id();
    std::thread::id caller;
    task_group group(pool);
    group.run([&caller] { caller = std::this_thread::get_id(); });
    pool.post([&] { posted_in_wait = in_wait.load(); });
    in_wait = true;
    group.wait();
    in_wait = false;
    CHECK(caller == here);
  });
  busy.open();
  in_worker(pool, [] {});
  CHECK_FALSE(posted_in_wait);
}

TEST_CASE("a worker that waits finds its call under any number of others, where nobody stands in", "[task_group]") {
  constexpr int others = 5000;
  const heddle_test::deadline limit;
  heddle_test::gate busy;
  thread_pool_executor pool{{.max_workers = 2, .max_stand_ins = 0}};
  heddle_test::occupy(pool, busy);  // the other worker
  std::atomic<int> ran_in_wait{0};
  std::atomic<int> ran{0};
  in_worker(pool, [&] {
    bool called = false;
    task_group group(pool);
    group.run([&called] { called = true; });
    for (int i = 0; i < others; ++i) pool.post([&ran] { ++ran; });
    group.wait();
    CHECK(called);
    ran_in_wait = ran.load();
  });
  CHECK(ran_in_wait == 0);
  busy.open();
  pool.shutdown();
  CHECK(ran == others);
}

TEST_CASE("a worker that waits takes calls of the group out of other workers' queues", "[task_group]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 2}};
  in_worker(pool, [&pool] {
    task_group group(pool);
    std::atomic<bool> called{false};
    std::atomic<bool> began{false};
    const std::thread::id here = std::this_thread::get_id();
    group.run([&] {
      // In the other worker, whose own queue gets this call, and which does not come to it.
      group.run([&] { called = std::this_thread::get_id() == here; });
      began = true;
      while (!called) std::this_thread::yield();
    });
    while (!began) std::this_thread::yield();
    group.wait();
    CHECK(called);
  });
}

TEST_CASE("a group may be waited for by another thread than the one that made it", "[task_group]") {
  const heddle_test::deadline limit;
  const std::size_t workers = GENERATE(1U, 2U);
  thread_pool_executor pool{{.max_workers = workers}};
  std::optional<task_group> group;
  std::atomic<int> leaves{0};
  in_worker(pool, [&] {
    group.emplace(pool);
    spawn_tree(*group, 8, leaves);
  });
  SECTION("outside") { group->wait(); }
  SECTION("in a worker") {
    in_worker(pool, [&] { group->wait(); });
  }
  CHECK(leaves == 256);
}

TEST_CASE("a group waited for in a call of another group may be stolen with it", "[task_group]") {
  const heddle_test::deadline limit;
  const std::size_t workers = GENERATE(1U, 2U, 8U);
  thread_pool_executor pool{{.max_workers = workers}};
  in_worker(pool, [&pool] {
    std::atomic<int> calls{0};
    task_group outer(pool);
    for (int i = 0; i < 50; ++i) {
      outer.run([&] {
        task_group inner;
        for (int j = 0; j < 20; ++j) inner.run([&calls] { ++calls; });
        inner.wait();
      });
    }
    outer.wait();
    CHECK(calls == 1000);
  });
}

TEST_CASE("groups nest deeper than a stack is", "[task_group]") {
  const heddle_test::deadline limit;
  const std::size_t workers = GENERATE(1U, 2U);
  CAPTURE(workers);
  thread_pool_executor pool{{.max_workers = workers}};
  std::atomic<int> calls{0};
  in_worker(pool, [&] { nest(pool, static_cast<unsigned>(heddle_test::scaled(30'000)), calls); });
  CHECK(calls == 1);
}

TEST_CASE("calls that a pool drops at its shutdown have failed, and later ones are refused", "[task_group]") {
  const heddle_test::deadline limit;
  const std::size_t workers = GENERATE(1U, 2U);
  std::array<heddle_test::gate, 2> busy;
  thread_pool_executor pool{{.max_workers = workers}};
  for (std::size_t i = 0; i < workers; ++i) heddle_test::occupy(pool, busy[i]);
  task_group group(pool);
  heddle_test::life_counts counts;
  std::atomic<bool> called{false};
  group.run([&called, life = heddle_test::tracked(counts)] { called = true; });
  pool.shutdown(heddle::pending_jobs::cancel, heddle::join_workers::no);
  CHECK_THROWS_AS(group.wait(), heddle::cancelled_error);
  CHECK_THROWS_AS(group.run([life = heddle_test::tracked(counts)] {}), heddle::executor_shutdown_error);
  group.wait();
  for (heddle_test::gate& each : busy) each.open();
  CHECK_FALSE(called);
  CHECK(counts.alive == 0);
}

TEST_CASE("a worker of a pool that was shut down can wait for what it had added", "[task_group]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 2}};
  std::atomic<int> calls{0};
  in_worker(pool, [&] {
    task_group group(pool);
    for (int i = 0; i < 10; ++i) group.run([&calls] { ++calls; });
    pool.shutdown(heddle::pending_jobs::finish, heddle::join_workers::no);
    CHECK_THROWS_AS(group.run([] {}), heddle::executor_shutdown_error);
    group.wait();
  });
  CHECK(calls == 10);
}

TEST_CASE("a broken pool refuses calls with what broke it", "[task_group]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1, .initializer = [] { throw std::runtime_error("no licence"); }}};
  task_group group(pool);
  const auto run_and_wait = [&group] {
    for (;;) {
      group.run([] {});
      group.wait();
    }
  };
  CHECK_THROWS_AS(run_and_wait(), heddle::broken_thread_pool);
  CHECK_THROWS_AS(group.run([] {}), heddle::broken_thread_pool);
  CHECK_NOTHROW(group.wait());
}

TEST_CASE("a coroutine must not wait for a group", "[task_group]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  task_group group(pool);
  const auto wait_in_coroutine = [&group]() -> heddle::asyncio::task<void> {
    CHECK_THROWS_AS(group.wait(), heddle::invalid_state_error);
    co_return;
  };
  heddle::asyncio::run(wait_in_coroutine());
}
