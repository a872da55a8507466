// SPDX-License-Identifier: MIT
// Pools of unusual sizes, many pools at once, and many calls in one.
#include <heddle/heddle.hpp>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <functional>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/fork_fib.hpp>
#include <support/nested_submits.hpp>
#include <support/scale.hpp>

using namespace std::chrono_literals;
using heddle::future;
using heddle::parallel_for;
using heddle::parallel_invoke;
using heddle::task_group;
using heddle::thread_pool_executor;
using heddle_test::fib;
using heddle_test::nested_submits;
using heddle_test::scaled;

namespace {

/// Everything that a pool can be asked to do, with little of each.
void do_all_kinds_of_work(thread_pool_executor& pool) {
  std::vector<int> numbers(1000);
  std::iota(numbers.begin(), numbers.end(), 0);
  const auto twice = [](int i) { return 2 * i; };

  CHECK(pool.submit(twice, 21).result() == 42);
  std::atomic<int> posted{0};
  for (int i = 0; i < 100; ++i) pool.with(heddle::priority::background).post([&posted] { ++posted; });
  int sum = 0;
  for (const int each : pool.map(twice, numbers)) sum += each;
  CHECK(sum == 999'000);
  sum = 0;
  for (auto& each : pool.submit_bulk(twice, numbers)) sum += each.result();
  CHECK(sum == 999'000);

  std::atomic<int> looped{0};
  parallel_for(pool, 0, 1000, [&](int i) { looped += i; });
  CHECK(looped == 499'500);
  CHECK(heddle::parallel_map(pool, twice, numbers).back() == 1998);
  CHECK(heddle::parallel_reduce(pool, numbers, 0, std::plus<>{}) == 499'500);
  std::uint64_t outside = 0;
  parallel_invoke(pool, [&] { outside = fib(12); }, [] {});
  CHECK(outside == 144);
  CHECK(pool.submit(fib, 12U).result() == 144);
  CHECK(pool.submit(nested_submits, std::ref(pool), std::size_t{50}).result() == 50);
  CHECK_THROWS_AS(pool.submit([] { throw std::runtime_error("thrown"); }).result(), std::runtime_error);

  std::atomic<int> grouped{0};
  task_group group(pool);
  for (int i = 0; i < 100; ++i) group.run([&grouped] { ++grouped; });
  group.wait();
  CHECK(grouped == 100);
  CHECK(pool.submit([&] {
              parallel_for(0, 100, [&](int) { ++grouped; });
              task_group own;
              for (int i = 0; i < 100; ++i) own.run([&grouped] { ++grouped; });
              own.wait();
              return grouped.load();
            })
            .result() == 300);

  CHECK_THROWS_AS(heddle::promise<int>().get_future().result(1ms), heddle::timeout_error);
  heddle::promise<int> late;
  future<int> kept = late.get_future();
  future<int> waiting = pool.submit([&kept] { return kept.result(10s); });
  CHECK_THROWS_AS(waiting.result(2ms), heddle::timeout_error);
  late.set_value(5);
  CHECK(waiting.result() == 5);
  while (posted != 100) std::this_thread::yield();
}

/// Calls of one of several pools that wait for calls of others, `levels` deep.
std::size_t wander(std::vector<std::unique_ptr<thread_pool_executor>>& pools, std::size_t at, unsigned levels) {
  if (levels == 0) return 1;
  const auto next = [&](std::size_t step) {
    const std::size_t there = (at + step) % pools.size();
    return pools[there]->submit(wander, std::ref(pools), there, levels - 1);
  };
  auto near = next(1);
  auto own = next(0);
  auto far = next(levels + 2);
  return near.result() + own.result() + far.result();
}

/// Loops on one of two pools whose bodies loop on the other.
void loop_on_both(thread_pool_executor& here, thread_pool_executor& there, unsigned levels, std::atomic<int>& leaves) {
  if (levels == 0) {
    ++leaves;
    return;
  }
  if (levels % 2 == 0) {
    parallel_for(here, 0, 3, [&](int) { loop_on_both(there, here, levels - 1, leaves); });
  } else {
    const auto deeper = [&] { loop_on_both(there, here, levels - 1, leaves); };
    parallel_invoke(here, deeper, deeper, deeper);
  }
}

/// How much memory of this process is in use now.
std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t all = 0;
  std::size_t resident = 0;
  statm >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

void post_tree(thread_pool_executor& pool, unsigned height, std::atomic<std::size_t>& leaves) {
  if (height == 0) {
    ++leaves;
    return;
  }
  for (int i = 0; i < 2; ++i) {
    pool.post([&pool, height, &leaves] { post_tree(pool, height - 1, leaves); });
  }
}

}  // namespace

TEST_CASE("pools of one worker and of many more than there are processors do all kinds of work", "[stress]") {
  const heddle_test::deadline limit(250s);
  const std::size_t workers = GENERATE(1U, 2U, 256U);
  CAPTURE(workers);
  for (std::size_t round = 0; round < scaled(10); ++round) {
    thread_pool_executor pool{{.max_workers = workers}};
    do_all_kinds_of_work(pool);
    do_all_kinds_of_work(pool);
  }
}

TEST_CASE("calls of ten pools wait for each other across the pools", "[stress]") {
  const heddle_test::deadline limit(250s);
  std::vector<std::unique_ptr<thread_pool_executor>> pools;
  for (int i = 0; i < 10; ++i) {
    pools.push_back(std::make_unique<thread_pool_executor>(heddle::thread_pool_options{.max_workers = 2}));
  }
  for (std::size_t round = 0; round < scaled(20); ++round) {
    std::vector<future<std::size_t>> roots;
    for (std::size_t i = 0; i < pools.size(); ++i) {
      roots.push_back(pools[i]->submit(wander, std::ref(pools), i, 4U));
    }
    for (auto& each : roots) REQUIRE(each.result() == 81);
  }
}

TEST_CASE("the threads of two pools are guests of each other", "[stress]") {
  const heddle_test::deadline limit(250s);
  for (const std::size_t workers : {1U, 2U, 3U}) {
    thread_pool_executor one{{.max_workers = workers}};
    thread_pool_executor other{{.max_workers = workers}};
    for (std::size_t round = 0; round < scaled(50); ++round) {
      std::atomic<int> leaves{0};
      auto from_one = one.submit([&] { loop_on_both(other, one, 5, leaves); });
      auto from_other = other.submit([&] { loop_on_both(one, other, 5, leaves); });
      loop_on_both(one, other, 5, leaves);
      from_one.result();
      from_other.result();
      REQUIRE(leaves == 3 * 243);
    }
  }
}

// Newest first: breadth first, all leaves would wait at a time, each with 64 bytes and a place in a queue.
TEST_CASE("ten million posts that post others take a few megabytes", "[stress]") {
  const heddle_test::deadline limit(250s);
  const unsigned height = scaled(100) == 100 ? 22 : 17;
  for (const std::size_t workers : {2U, 3U}) {
    CAPTURE(workers);
    std::atomic<std::size_t> leaves{0};
    thread_pool_executor pool{{.max_workers = workers}};
    pool.submit([&] { post_tree(pool, 10, leaves); }).result();  // what is allocated once
    const std::size_t before = resident_bytes();
    pool.post([&] { post_tree(pool, height, leaves); });
    const std::size_t all = (std::size_t{1} << height) + (std::size_t{1} << 10U);
    std::size_t most_queued = 0;
    while (leaves < all) {
      most_queued = std::max(most_queued, pool.stats().queued_jobs);
      std::this_thread::sleep_for(1ms);
    }
    const std::size_t after = resident_bytes();
    CHECK(most_queued < 100'000);
    // Of a sanitizer's own memory nothing is known.
    if (scaled(100) == 100) CHECK(after - std::min(after, before) < 8'000'000);
  }
}
