// SPDX-License-Identifier: MIT
// submit_after(delay, f) and every(period, f): calls at a time.

#include <heddle/stop_token.hpp>
#include <heddle/thread_pool_executor.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <latch>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/gate.hpp>
#include <support/scale.hpp>
#include <support/threads.hpp>
#include <support/tracked.hpp>

namespace {

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;
using heddle::future;
using heddle::stop_token;
using heddle::thread_pool_executor;
using heddle_test::gate;
using heddle_test::life_counts;
using heddle_test::scaled;
using heddle_test::tracked;

/// A pool whose initializer throws, when that has happened.
struct broken_pool {
  broken_pool() {
    open.open();
    for (bool broken = false; !broken;) {
      try {
        pool.submit([] {}).wait();
      } catch (const heddle::broken_thread_pool&) {
        broken = true;
      }
    }
  }
  gate open;
  thread_pool_executor pool{{.max_workers = 1, .initializer = [] { throw std::runtime_error("no"); }}};
};

}  // namespace

TEST_CASE("a delayed call runs, with its arguments, and not before its time", "[timed_call]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  for (const auto delay : {0us, 100us, 20'000us}) {
    const auto begin = clock_type::now();
    auto when = pool.submit_after(
        delay, [](std::unique_ptr<int> one, int two) { return std::pair(clock_type::now(), *one + two); },
        std::make_unique<int>(1), 2);
    const auto [ran_at, sum] = when.result();
    CHECK(ran_at >= begin + delay);
    CHECK(sum == 3);
  }
}

TEST_CASE("a delayed call runs soon after its time", "[timed_call][timing]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  auto best = clock_type::duration::max();
  for (int i = 0; i < 20; ++i) {
    const auto due = clock_type::now() + 5ms;
    const auto ran_at = pool.submit_after(5ms, [] { return clock_type::now(); }).result();
    best = std::min(best, ran_at - due);
  }
  CHECK(best < 5ms);
}

TEST_CASE("calls whose delay is zero, negative or no number run at once", "[timed_call]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  CHECK(pool.submit_after(0s, [] { return 1; }).result() == 1);
  CHECK(pool.submit_after(-1h, [] { return 2; }).result() == 2);
  CHECK(pool.submit_after(std::chrono::nanoseconds::min(), [] { return 3; }).result() == 3);
  CHECK(pool.submit_after(std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN()), [] { return 4; })
            .result() == 4);
}

TEST_CASE("calls whose delay is longer than a clock can tell never run, and end with the pool", "[timed_call]") {
  const heddle_test::deadline limit;
  std::vector<future<void>> never;
  bool ran = false;
  {
    thread_pool_executor pool{{.max_workers = 1}};
    never.push_back(pool.submit_after(std::chrono::hours::max(), [&] { ran = true; }));
    never.push_back(pool.submit_after(std::chrono::nanoseconds::max(), [&] { ran = true; }));
    never.push_back(
        pool.submit_after(std::chrono::duration<double>(std::numeric_limits<double>::infinity()), [&] { ran = true; }));
    never.push_back(pool.every(std::chrono::hours::max(), [&] { ran = true; }));
    CHECK(pool.submit_after(1ms, [] { return 1; }).result() == 1);
    for (const auto& each : never) CHECK_FALSE(each.done());
  }
  for (const auto& each : never) CHECK(each.cancelled());
  CHECK_FALSE(ran);
}

TEST_CASE("calls run in the order of their times, those of one time in that of submission", "[timed_call]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  gate busy;
  heddle_test::occupy(pool, busy);
  std::string order;
  std::vector<future<void>> calls;
  const auto add = [&](auto delay, char name) {
    calls.push_back(pool.submit_after(delay, [&order, name] { order += name; }));
  };
  add(1500ms, 'e');
  add(500ms, 'c');
  add(1000ms, 'd');
  add(-1s, 'a');
  add(0s, 'b');
  while (pool.stats().queued_jobs < calls.size()) std::this_thread::yield();
  busy.open();
  for (auto& each : calls) each.wait();
  CHECK(order == "abcde");
}

TEST_CASE("a delayed call is neither running nor done, and wait with a timeout gives up", "[timed_call]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  auto later = pool.submit_after(1h, [] {});
  CHECK_FALSE(later.running());
  CHECK_FALSE(later.done());
  CHECK_FALSE(later.wait(1ms));
  CHECK(pool.stats().queued_jobs == 0);
}

TEST_CASE("cancelling a delayed call destroys its callable at once", "[timed_call]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  life_counts counts;
  auto later = pool.submit_after(1h, [t = tracked(counts)](const tracked&) {}, tracked(counts));
  auto other = pool.submit_after(2h, [t = tracked(counts)] {});
  CHECK(counts.alive == 3);
  CHECK(later.cancel());
  CHECK(later.cancelled());
  CHECK(counts.alive == 1);
  CHECK(later.cancel());
  CHECK(other.request_stop());
  CHECK(other.cancelled());
  CHECK(counts.alive == 0);
  CHECK(counts.copies == 0);
}

TEST_CASE("a delayed call may take a stop_token", "[timed_call][stop]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  gate begun;
  auto call = pool.submit_after(
      1ms,
      [&](stop_token stop, int v) {
        begun.pass();
        return stop.stop_requested() ? v : -1;
      },
      5);
  begun.wait_until_reached();
  CHECK_FALSE(call.cancel());
  CHECK(call.request_stop());
  begun.open();
  CHECK(call.result() == 5);
}

TEST_CASE("a delayed call that nobody holds runs all the same, and what it throws is in its future", "[timed_call]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  std::latch ran{1};
  static_cast<void>(pool.submit_after(1ms, [&] { ran.count_down(); }));
  ran.wait();
  CHECK_THROWS_AS(pool.submit_after(1ms, [] { throw std::range_error("no"); }).result(), std::range_error);
}

TEST_CASE("a worker may wait for a delayed call where another one can run it", "[timed_call]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 2}};
  CHECK(pool.submit([&] {
              auto due = pool.submit_after(0s, [] { return 6; });
              return due.result();
            })
            .result() == 6);
}

TEST_CASE("shutdown and destruction cancel calls whose time has not come", "[timed_call]") {
  const heddle_test::deadline limit;
  for (const auto pending : {heddle::pending_jobs::finish, heddle::pending_jobs::cancel}) {
    life_counts counts;
    bool told = false;
    std::optional<thread_pool_executor> pool(std::in_place, heddle::thread_pool_options{.max_workers = 1});
    auto later = pool->submit_after(1h, [t = tracked(counts)] {});
    auto often = pool->every(1h, [t = tracked(counts)] {});
    later.add_done_callback([&](const future<void>& f) { told = f.cancelled(); });
    if (pending == heddle::pending_jobs::cancel) {
      pool.reset();
    } else {
      pool->shutdown(pending);
    }
    CHECK(later.cancelled());
    CHECK(often.cancelled());
    CHECK(told);
    CHECK(counts.alive == 0);
  }
}

TEST_CASE("what moving a delayed call throws is thrown, or is in the future where it is the move into the call",
          "[timed_call]") {
  const heddle_test::deadline limit;
  using heddle_test::move_refused;
  using heddle_test::moved_at_most;
  life_counts counts;
  thread_pool_executor pool{{.max_workers = 1}};
  const auto delay_moving = [&](int times) {
    return pool.submit_after(1us, [](moved_at_most) { return 1; }, moved_at_most(times, counts));
  };
  CHECK_THROWS_AS(delay_moving(0), move_refused);
  CHECK_THROWS_AS(pool.submit_after(1us, [held = moved_at_most(0, counts)] {}), move_refused);
  CHECK_THROWS_AS(pool.every(1us, [held = moved_at_most(0, counts)] {}), move_refused);
  CHECK(counts.alive == 0);
  CHECK_THROWS_AS(delay_moving(1).result(), move_refused);
  CHECK(delay_moving(2).result() == 1);
  CHECK(counts.alive == 0);
}

TEST_CASE("after shutdown submit_after and every throw, and leave nothing behind", "[timed_call]") {
  thread_pool_executor pool{{.max_workers = 1}};
  pool.shutdown();
  life_counts counts;
  CHECK_THROWS_AS(pool.submit_after(1ms, [t = tracked(counts)] {}), heddle::executor_shutdown_error);
  CHECK_THROWS_AS(pool.every(1ms, [t = tracked(counts)] {}), heddle::executor_shutdown_error);
  CHECK(counts.alive == 0);
}

TEST_CASE("on a broken pool submit_after and every throw, and leave nothing behind", "[timed_call]") {
  const heddle_test::deadline limit;
  broken_pool broken;
  life_counts counts;
  CHECK_THROWS_AS(broken.pool.submit_after(1ms, [t = tracked(counts)] {}), heddle::broken_thread_pool);
  CHECK_THROWS_AS(broken.pool.every(1ms, [t = tracked(counts)] {}), heddle::broken_thread_pool);
  CHECK(counts.alive == 0);
}

TEST_CASE("a callback in the thread of the timers may shut the pool down", "[timed_call]") {
  const heddle_test::deadline limit;
  gate breaks;
  std::optional<thread_pool_executor> pool;
  const auto fails_later = [&] {
    breaks.pass();
    throw std::runtime_error("no");
  };
  pool.emplace(heddle::thread_pool_options{.max_workers = 1, .initializer = fails_later});
  breaks.wait_until_reached();
  std::latch is_told{1};
  std::atomic<bool> had_error{false};
  auto late = pool->submit_after(500ms, [] {});  // by when the pool is broken
  auto later = pool->submit_after(1h, [] {});
  late.add_done_callback([&](const future<void>& f) {  // the pool is broken: it ends in the thread of the timers
    had_error = f.exception() != nullptr;
    pool->shutdown();
    is_told.count_down();
  });
  breaks.open();
  is_told.wait();
  CHECK(had_error);
  CHECK(later.cancelled());
  pool.reset();
}

TEST_CASE("delayed calls have the priority of their executor", "[timed_call]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  gate busy;
  heddle_test::occupy(pool, busy);
  std::string order;
  auto low = pool.with(heddle::priority::background).submit_after(1ms, [&] { order += 'b'; });
  auto mid = pool.submit_after(2ms, [&] { order += 'n'; });
  auto top = pool.with(heddle::priority::high).submit_after(3ms, [&] { order += 'h'; });
  while (pool.stats().queued_jobs < 3) std::this_thread::yield();
  busy.open();
  low.wait();
  CHECK(order == "hnb");
  gate again;
  heddle_test::occupy(pool, again);
  std::atomic<bool> first{true};
  std::atomic<bool> urgent_first{false};
  auto normal = pool.submit_after(0s, [&] { first = false; });
  auto often = pool.with(heddle::priority::high).every(1ms, [&] {
    if (first) urgent_first = true;
  });
  while (pool.stats().queued_jobs < 2) std::this_thread::yield();
  again.open();
  normal.wait();
  often.cancel();
  CHECK(urgent_first);
}

TEST_CASE("many timers run, but for those that were cancelled", "[timed_call]") {
  const heddle_test::deadline limit;
  const std::size_t count = scaled(100'000);
  std::mt19937 random(Catch::getSeed());
  std::atomic<std::size_t> ran{0};
  std::size_t cancelled = 0;
  thread_pool_executor pool{{.max_workers = 2}};
  std::vector<future<void>> calls;
  for (std::size_t i = 0; i < count; ++i) {
    calls.push_back(pool.submit_after(std::chrono::microseconds(random() % 50'000), [&ran] { ++ran; }));
    if (i % 3 == 0) cancelled += calls[random() % calls.size()].cancel() ? 1 : 0;
  }
  std::size_t found = 0;
  for (auto& each : calls) {
    each.wait();
    found += each.cancelled() ? 1 : 0;
  }
  CHECK(found <= cancelled);  // some were cancelled more than once
  CHECK(ran + found == count);
}

TEST_CASE("the thread of the timers is there from the first one on", "[timed_call]") {
  const std::size_t before = heddle_test::thread_count();
  thread_pool_executor pool{{.max_workers = 1}};
  CHECK(heddle_test::thread_count() == before + 1);
  auto later = pool.submit_after(1h, [] {});
  auto other = pool.every(1h, [] {});
  CHECK(heddle_test::thread_count() == before + 2);
}

TEST_CASE("every calls again and again, a period apart, for the first time after one", "[timed_call]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 2}};
  std::mutex mutex;
  std::vector<clock_type::time_point> times;
  std::latch enough{5};
  const auto begin = clock_type::now();
  auto often = pool.every(2ms, [&] {
    const std::lock_guard lock(mutex);
    if (times.size() < 5) enough.count_down();
    times.push_back(clock_type::now());
  });
  enough.wait();
  CHECK_FALSE(often.done());
  CHECK_FALSE(often.running());
  CHECK(often.cancel());
  CHECK(often.cancelled());
  pool.shutdown();
  const std::lock_guard lock(mutex);
  for (std::size_t i = 0; i < times.size(); ++i) CHECK(times[i] >= begin + (i + 1) * 2ms);
}

TEST_CASE("times of every that pass while a call runs are left out", "[timed_call]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 2}};
  std::atomic<int> calls{0};
  std::latch enough{4};
  clock_type::time_point end_of_first;
  clock_type::time_point begin_of_fourth;
  auto often = pool.every(10ms, [&] {
    const int call = ++calls;
    if (call == 1) {
      std::this_thread::sleep_for(60ms);
      end_of_first = clock_type::now();
    }
    if (call == 4) begin_of_fourth = clock_type::now();
    if (call <= 4) enough.count_down();
  });
  enough.wait();
  pool.shutdown();
  CHECK(begin_of_fourth >= end_of_first + 20ms);
}

TEST_CASE("the calls of every do not overlap", "[timed_call]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 4}};
  std::atomic<int> inside{0};
  std::atomic<bool> overlapped{false};
  std::atomic<int> calls{0};
  std::latch enough{4};
  auto often = pool.every(1ms, [&] {
    if (++inside > 1) overlapped = true;
    std::this_thread::sleep_for(10ms);
    --inside;
    if (++calls <= 4) enough.count_down();
  });
  enough.wait();
  often.cancel();
  pool.shutdown();
  CHECK_FALSE(overlapped);
}

TEST_CASE("what a call of every throws ends it", "[timed_call]") {
  const heddle_test::deadline limit;
  life_counts counts;
  thread_pool_executor pool{{.max_workers = 1}};
  int calls = 0;
  auto often = pool.every(1us, [&, t = tracked(counts)] {
    if (++calls == 3) throw std::range_error("no");
  });
  CHECK_THROWS_AS(often.result(), std::range_error);
  CHECK(calls == 3);
  CHECK(counts.alive == 0);
}

TEST_CASE("every is cancelled from inside its own call, whose callable stays until that ends", "[timed_call]") {
  const heddle_test::deadline limit;
  life_counts counts;
  thread_pool_executor pool{{.max_workers = 1}};
  std::optional<future<void>> often;
  std::latch set{1};
  std::atomic<int> calls{0};
  std::atomic<int> alive_inside{0};
  std::atomic<bool> was_cancelled{false};
  std::latch ended{1};
  often = pool.every(1us, [&, t = tracked(counts)] {
    set.wait();
    ++calls;
    was_cancelled = often->cancel() && often->cancelled();
    alive_inside = counts.alive.load();
    ended.count_down();
  });
  set.count_down();
  ended.wait();
  pool.shutdown();
  CHECK(calls == 1);
  CHECK(was_cancelled);
  CHECK(alive_inside == 1);
  CHECK(counts.alive == 0);
}

TEST_CASE("cancelling every from outside destroys the callable at once, or after the call that runs", "[timed_call]") {
  const heddle_test::deadline limit;
  life_counts counts;
  thread_pool_executor pool{{.max_workers = 1}};
  auto often = pool.every(1h, [t = tracked(counts)] {});
  CHECK(counts.alive == 1);
  CHECK(often.cancel());
  CHECK(counts.alive == 0);

  gate inside;
  auto runs = pool.every(1us, [&, t = tracked(counts)] { inside.pass(); });
  inside.wait_until_reached();
  CHECK(runs.request_stop());
  CHECK(runs.cancelled());
  CHECK(counts.alive == 1);
  inside.open();
  pool.submit([] {}).wait();
  CHECK(counts.alive == 0);
}

TEST_CASE("every whose future was dropped goes on until the pool is shut down", "[timed_call]") {
  const heddle_test::deadline limit;
  life_counts counts;
  std::latch enough{3};
  std::atomic<int> calls{0};
  thread_pool_executor pool{{.max_workers = 1}};
  static_cast<void>(pool.every(1ms, [&, t = tracked(counts)] {
    if (++calls <= 3) enough.count_down();
  }));
  enough.wait();
  pool.shutdown();
  CHECK(counts.alive == 0);
}

TEST_CASE("every takes callables that can only be moved, and periods of any kind", "[timed_call]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  std::latch called{2};
  auto a = pool.every(std::chrono::duration<double, std::nano>(0.25), [&, p = std::make_unique<int>(0)]() mutable {
    if (++*p == 1) called.count_down();
  });
  auto b = pool.every(std::chrono::duration<float>(0.001F), [&, calls = 0]() mutable {
    if (++calls == 1) called.count_down();
  });
  called.wait();
  a.cancel();
  b.cancel();
  pool.shutdown();
  CHECK_THROWS_AS(pool.every(0s, [] {}), std::invalid_argument);
  CHECK_THROWS_AS(pool.every(-1s, [] {}), std::invalid_argument);
  CHECK_THROWS_AS(pool.every(std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN()), [] {}),
                  std::invalid_argument);
}

TEST_CASE("a timed call that is cancelled while it is due is one or the other", "[timed_call]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  life_counts counts;
  std::atomic<std::size_t> ran{0};
  std::size_t cancelled = 0;
  const std::size_t count = scaled(20'000);
  for (std::size_t i = 0; i < count; ++i) {
    auto call = pool.submit_after(std::chrono::microseconds(i % 60), [&ran, t = tracked(counts)] { ++ran; });
    for (std::size_t spin = 0; spin < i % 500; ++spin) std::atomic_signal_fence(std::memory_order_seq_cst);
    if (call.cancel()) {
      ++cancelled;
      continue;
    }
    call.wait();
  }
  CHECK(ran + cancelled == count);
  CHECK(counts.alive == 0);
}

TEST_CASE("a pool with timers may be shut down and destroyed in a forked child", "[timed_call][fork]") {
  const heddle_test::deadline limit;
  for (const bool shuts_down : {false, true}) {
    std::optional<thread_pool_executor> pool(std::in_place, heddle::thread_pool_options{.max_workers = 1});
    auto later = pool->submit_after(1h, [] {});
    auto often = pool->every(1h, [] {});
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      ::alarm(20);
      if (shuts_down) pool->shutdown();
      int code = 1;
      try {
        static_cast<void>(pool->submit_after(1ms, [] {}));
      } catch (const heddle::broken_thread_pool&) {
        code = 0;
      } catch (...) {
        code = 2;
      }
      pool.reset();
      ::_exit(code);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
  }
}
