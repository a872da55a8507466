// SPDX-License-Identifier: MIT
// Many calls submitted at once: submit_bulk(), post_bulk(), and map(), which uses them.
#include <heddle/thread_pool_executor.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <forward_list>
#include <iterator>
#include <latch>
#include <memory>
#include <ranges>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <heddle/blocking.hpp>
#include <heddle/errors.hpp>
#include <support/allocation_count.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/gate.hpp>
#include <support/tracked.hpp>

using namespace std::chrono_literals;
using heddle::future;
using heddle::priority;
using heddle::thread_pool_executor;
using heddle_test::gate;
using heddle_test::life_counts;
using heddle_test::tracked;

namespace {

template <class T>
std::vector<T> results_of(std::vector<future<T>> futures) {
  std::vector<T> results;
  for (future<T>& each : futures) results.push_back(std::move(each).result());
  return results;
}

std::vector<int> numbers_below(int count) {
  std::vector<int> all;
  for (int i = 0; i < count; ++i) all.push_back(i);
  return all;
}

void wait_until_idle(const thread_pool_executor& pool, std::size_t workers) {
  while (pool.stats().idle_workers != workers) std::this_thread::yield();
}

/// Calls `submit(pool)` in another thread than the pool's, or in one of them.
template <class Submit>
void from_outside_or_worker(thread_pool_executor& pool, bool outside, Submit submit) {
  outside ? submit(pool) : pool.submit([&] { submit(pool); }).result();
}

}  // namespace

TEST_CASE("a bulk gives a future for each element, in order, up to the end of the shortest range", "[bulk]") {
  const heddle_test::deadline limit;
  const std::size_t workers = GENERATE(1U, 2U, 4U);
  const bool outside = GENERATE(true, false);
  thread_pool_executor pool({.max_workers = workers});
  from_outside_or_worker(pool, outside, [](thread_pool_executor& on) {
    const auto doubled = results_of(on.submit_bulk([](int x) { return 2 * x; }, std::views::iota(0, 1000)));
    for (std::size_t i = 0; i < 1000; ++i) REQUIRE(doubled.at(i) == 2 * static_cast<int>(i));
    const std::forward_list<std::string> words{"x", "y", "z"};
    const auto join = [](int a, const std::string& b, char c) { return std::to_string(a) + b + c; };
    CHECK(results_of(on.submit_bulk(join, std::views::iota(1), words, std::string("ab"))) ==
          std::vector<std::string>{"1xa", "2yb"});
    CHECK(on.submit_bulk([](int) {}, std::vector<int>()).empty());
    CHECK(on.submit_bulk([](int, int) {}, std::vector<int>(), std::views::iota(0)).empty());
    std::vector<future<void>> of_nothing = on.submit_bulk([](int) {}, std::array{1, 2});
    CHECK(of_nothing.size() == 2);
    for (const auto& each : of_nothing) each.result();
  });
}

TEST_CASE("a failing call of a bulk fails alone", "[bulk]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool({.max_workers = 2});
  const auto futures = pool.submit_bulk(
      [](int i) {
        if (i % 2 == 1) throw std::runtime_error("odd");
        return i;
      },
      numbers_below(4));
  CHECK(futures[0].result() == 0);
  CHECK_THROWS_WITH(futures[1].result(), "odd");
  CHECK(futures[2].result() == 2);
  CHECK_THROWS_WITH(futures[3].result(), "odd");
}

TEST_CASE("a bulk takes its callable once and elements by one copy, or by moves where they are rvalues", "[bulk]") {
  const heddle_test::deadline limit;
  life_counts callable;
  life_counts element;
  thread_pool_executor pool({.max_workers = 2});
  const auto call = [held = tracked(callable)](const tracked&) {};
  {
    std::vector<tracked> elements;
    elements.reserve(3);
    for (int i = 0; i < 3; ++i) elements.emplace_back(element);
    for (const auto& each : pool.submit_bulk(call, elements)) each.result();
    CHECK(callable.copies == 1);
    CHECK(element.copies == 3);
    CHECK(element.alive == 3);
    const std::ranges::subrange moved(std::move_iterator(elements.begin()), std::move_iterator(elements.end()));
    for (const auto& each : pool.submit_bulk(call, moved)) each.result();
    pool.post_bulk(call, elements);
    pool.shutdown();
    CHECK(element.copies == 6);
    CHECK(callable.copies == 3);
    CHECK(callable.alive == 1);
    CHECK(element.alive == 3);
  }
  std::vector<std::unique_ptr<int>> owners;
  owners.push_back(std::make_unique<int>(3));
  thread_pool_executor other({.max_workers = 1});
  const std::ranges::subrange given(std::move_iterator(owners.begin()), std::move_iterator(owners.end()));
  CHECK(results_of(other.submit_bulk([](std::unique_ptr<int> owner) { return *owner; }, given)) == std::vector{3});
}

TEST_CASE("a posted bulk is called once for each element", "[bulk]") {
  const heddle_test::deadline limit;
  const std::size_t workers = GENERATE(1U, 2U, 4U);
  const bool outside = GENERATE(true, false);
  std::atomic<int> sum{0};
  {
    thread_pool_executor pool({.max_workers = workers});
    from_outside_or_worker(pool, outside, [&sum](thread_pool_executor& on) {
      on.post_bulk([&sum](int a, int b) { return sum += a * b; }, numbers_below(1000), std::vector<int>(2000, 2));
      on.post_bulk([&sum](int) { ++sum; }, std::vector<int>());
    });
  }
  CHECK(sum == 2 * 999 * 1000 / 2);
}

TEST_CASE("a bulk is an allocation a call and a few for all", "[bulk][allocation]") {
  const heddle_test::deadline limit;
  constexpr int many = 1000;
  const std::size_t workers = GENERATE(1U, 2U);
  const bool outside = GENERATE(true, false);
  CAPTURE(workers, outside);
  thread_pool_executor pool({.max_workers = workers});
  from_outside_or_worker(pool, outside, [](thread_pool_executor& on) {
    const auto elements = numbers_below(many);
    std::vector<future<int>> futures = on.submit_bulk([](int i) { return i; }, elements);  // room in queues
    for (const auto& each : futures) each.wait();
    const auto submit = [&] { futures = on.submit_bulk([](int i) { return i; }, elements); };
    // The callable, the futures, the places, and segments of the queue.
    CHECK(heddle_test::allocations_in(submit) <= many + 3 + many / heddle::queue::segment::capacity + 1);
    for (const auto& each : futures) each.wait();
  });
}

TEST_CASE("a bulk whose elements fail half way submits nothing and leaves nothing", "[bulk]") {
  const heddle_test::deadline limit;
  const std::size_t workers = GENERATE(1U, 2U);
  const bool outside = GENERATE(true, false);
  life_counts callable;
  life_counts element;
  std::atomic<int> ran{0};
  {
    thread_pool_executor pool({.max_workers = workers});
    from_outside_or_worker(pool, outside, [&](thread_pool_executor& on) {
      std::vector<tracked> elements;
      elements.reserve(5);
      for (int i = 0; i < 5; ++i) elements.emplace_back(element);
      const auto call = [&ran, &callable] { return [&ran, held = tracked(callable)](const tracked&) { ++ran; }; };
      element.copies_allowed = 3;
      CHECK_THROWS_AS(on.submit_bulk(call(), elements), heddle_test::copy_refused);
      element.copies_allowed = 3;
      CHECK_THROWS_AS(on.post_bulk(call(), elements), heddle_test::copy_refused);
      CHECK(on.stats().queued_jobs == 0);
      CHECK(callable.alive == 0);
      CHECK(element.alive == 5);
    });
  }
  CHECK(ran == 0);
}

TEST_CASE("a pool that takes no work takes no bulk, and nothing is kept", "[bulk]") {
  const heddle_test::deadline limit;
  const bool broken = GENERATE(false, true);
  life_counts counts;
  std::atomic<int> ran{0};
  thread_pool_executor pool({.max_workers = 2, .initializer = [&] {
                               if (broken) throw 1;
                             }});
  pool.shutdown();
  const auto call = [&ran, &counts] { return [&ran, held = tracked(counts)](int) { ++ran; }; };
  if (broken) {
    CHECK_THROWS_AS(pool.submit_bulk(call(), numbers_below(3)), heddle::broken_thread_pool);
    CHECK_THROWS_AS(pool.post_bulk(call(), numbers_below(3)), heddle::broken_thread_pool);
  } else {
    CHECK_THROWS_AS(pool.submit_bulk(call(), numbers_below(3)), heddle::executor_shutdown_error);
    CHECK_THROWS_AS(pool.post_bulk(call(), numbers_below(3)), heddle::executor_shutdown_error);
  }
  CHECK(pool.submit_bulk(call(), std::vector<int>()).empty());
  CHECK(ran == 0);
  CHECK(counts.alive == 0);
}

TEST_CASE("calls of a bulk are cancelled as others are", "[bulk]") {
  const heddle_test::deadline limit;
  gate busy;
  std::atomic<int> ran{0};
  thread_pool_executor pool({.max_workers = 1});
  heddle_test::occupy(pool, busy);
  auto futures = pool.submit_bulk([&](int) { ++ran; }, numbers_below(10));
  CHECK(futures[3].cancel());
  CHECK(futures[3].cancelled());
  pool.shutdown(heddle::pending_jobs::cancel, heddle::join_workers::no);
  for (const auto& each : futures) CHECK(each.cancelled());
  busy.open();
  pool.shutdown();
  CHECK(ran == 0);
}

TEST_CASE("the calls of a bulk begin in order, wherever it was submitted", "[bulk]") {
  const heddle_test::deadline limit;
  constexpr int many = 20;  // one of 61 turns is for the oldest call
  const std::size_t workers = GENERATE(1U, 2U);
  const bool outside = GENERATE(true, false);
  CAPTURE(workers, outside);
  std::vector<gate> busy(workers - 1);
  std::vector<int> begun;
  thread_pool_executor pool({.max_workers = workers});
  for (gate& each : busy) heddle_test::occupy(pool, each);
  std::vector<future<void>> futures;
  from_outside_or_worker(pool, outside, [&](thread_pool_executor& on) {
    futures = on.submit_bulk([&begun](int i) { begun.push_back(i); }, numbers_below(many));
  });
  for (const auto& each : futures) each.wait();
  for (gate& each : busy) each.open();
  int in_order = 0;
  for (std::size_t i = 1; i < many; ++i) in_order += begun[i - 1] < begun[i] ? 1 : 0;
  CAPTURE(begun);
  CHECK(in_order >= many - 2);
}

TEST_CASE("a bulk of a view has its priority", "[bulk][priority]") {
  const heddle_test::deadline limit;
  gate busy;
  std::vector<int> order;
  {
    thread_pool_executor pool({.max_workers = 1});
    heddle_test::occupy(pool, busy);
    const auto note = [&order](int i) { order.push_back(i); };
    pool.with(priority::background).post_bulk(note, std::vector{5, 6});
    pool.post_bulk(note, std::vector{3, 4});
    const auto futures = pool.with(priority::high).submit_bulk(note, std::vector{1, 2});
    busy.open();
  }
  CHECK(order == std::vector{1, 2, 3, 4, 5, 6});
}

// ---- who is woken

TEST_CASE("one bulk gets as many workers going as it has calls", "[bulk][waking]") {
  const heddle_test::deadline limit;
  constexpr std::size_t workers = 5;
  const std::size_t calls = GENERATE(2U, 4U, 5U);
  const bool has_futures = GENERATE(true, false);
  thread_pool_executor pool({.max_workers = workers});
  wait_until_idle(pool, workers);
  std::latch together(static_cast<std::ptrdiff_t>(calls));
  std::latch done(static_cast<std::ptrdiff_t>(calls));
  const auto meet = [&](int) {
    together.arrive_and_wait();
    done.count_down();
  };
  if (has_futures) {
    for (const auto& each : pool.submit_bulk(meet, numbers_below(static_cast<int>(calls)))) each.result();
  } else {
    pool.post_bulk(meet, numbers_below(static_cast<int>(calls)));
  }
  done.wait();
}

TEST_CASE("one bulk of a worker gets the others going", "[bulk][waking]") {
  const heddle_test::deadline limit;
  constexpr std::ptrdiff_t workers = 5;
  const bool urgent = GENERATE(false, true);
  thread_pool_executor pool({.max_workers = workers});
  wait_until_idle(pool, workers);
  std::latch together(workers - 1);
  std::atomic<int> met{0};
  pool.submit([&] {
        wait_until_idle(pool, workers - 1);
        pool.with(urgent ? priority::high : priority::normal)
            .post_bulk(
                [&](int) {
                  together.arrive_and_wait();
                  ++met;
                },
                numbers_below(workers - 1));
        while (met != workers - 1) std::this_thread::yield();  // not coming to its own queue
      })
      .result();
}

TEST_CASE("one bulk brings in as many stand-ins as it needs", "[bulk][waking]") {
  const heddle_test::deadline limit;
  const std::size_t idle = GENERATE(0U, 1U);
  CAPTURE(idle);
  constexpr int blocked = 3;
  std::array<gate, blocked> busy;
  thread_pool_executor pool({.max_workers = blocked + idle});
  wait_until_idle(pool, blocked + idle);
  std::vector<future<void>> passed;
  for (gate& each : busy) {
    passed.push_back(pool.submit([&each] {
      const heddle::blocking scope;
      each.pass();
    }));
    each.wait_until_reached();
  }
  REQUIRE(pool.stats().stand_ins == 0);
  wait_until_idle(pool, idle);
  const int calls = blocked + static_cast<int>(idle);
  std::latch together(calls);
  for (const auto& each : pool.submit_bulk([&](int) { together.arrive_and_wait(); }, numbers_below(calls)))
    each.result();
  for (gate& each : busy) each.open();
}

TEST_CASE("calls that are submitted one by one bring in as many stand-ins as they need", "[waking][regression]") {
  const heddle_test::deadline limit;
  std::array<gate, 2> busy;
  thread_pool_executor pool({.max_workers = 3});
  std::vector<future<void>> passed;
  for (gate& each : busy) {
    passed.push_back(pool.submit([&each] {
      const heddle::blocking scope;
      each.pass();
    }));
    each.wait_until_reached();
  }
  for (int round = 0; round < 200; ++round) {
    // While the one that was idle is on its way, nobody is called for the others.
    std::latch together(3);
    std::vector<future<void>> met;
    for (int i = 0; i < 3; ++i) met.push_back(pool.submit([&] { together.arrive_and_wait(); }));
    for (const auto& each : met) each.result();
  }
  for (gate& each : busy) each.open();
}

// ---- map()

TEST_CASE("a map submits all elements of a forward range together", "[bulk][map]") {
  const heddle_test::deadline limit;
  constexpr int many = 20;  // one of 61 turns is for the oldest call
  gate busy;
  std::vector<int> begun;
  thread_pool_executor pool({.max_workers = 2});
  heddle_test::occupy(pool, busy);
  const auto note = [&begun](int i) { begun.push_back(i); };
  using results = decltype(pool.map(note, begun));
  results mapped = pool.submit([&] { return pool.map(note, numbers_below(many)); }).result();
  pool.shutdown(heddle::pending_jobs::finish, heddle::join_workers::no);
  for (auto&& nothing : mapped) static_cast<void>(nothing);
  busy.open();
  int in_order = 0;  // one by one, the newest would be the first
  for (std::size_t i = 1; i < many; ++i) in_order += begun[i - 1] < begun[i] ? 1 : 0;
  CHECK(in_order >= many - 2);
}

TEST_CASE("a map of a range that is read once submits each element when it comes", "[bulk][map]") {
  const heddle_test::deadline limit;
  std::atomic<int> begun{0};
  thread_pool_executor pool({.max_workers = 1});
  struct input {
    using value_type = int;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;
    int operator*() const { return at; }
    input& operator++() {
      ++at;
      while (*begun < at) std::this_thread::yield();  // as if somebody waited for an answer before he asks on
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return at == 5; }
    std::atomic<int>* begun;
    int at = 0;
  };
  int sum = 0;
  const std::ranges::subrange asked(input{&begun}, std::default_sentinel);
  for (const int each : pool.map([&](int i) { return ++begun, i; }, asked)) sum += each;
  CHECK(sum == 10);
}
