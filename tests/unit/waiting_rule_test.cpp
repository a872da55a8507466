// SPDX-License-Identifier: MIT
// What a worker does while it waits, and the limits of it that are documented.
#include <heddle/blocking.hpp>
#include <heddle/parallel_for.hpp>
#include <heddle/parallel_invoke.hpp>
#include <heddle/task_group.hpp>
#include <heddle/thread_pool_executor.hpp>

#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/gate.hpp>
#include <support/threads.hpp>

using namespace std::chrono_literals;
using heddle::future;
using heddle::parallel_for;
using heddle::parallel_invoke;
using heddle::promise;
using heddle::task_group;
using heddle::thread_pool_executor;
using heddle_test::gate;
using heddle_test::wait_for;

namespace {

/// A lock that notes it if its holder asks for it again, and lets it pass instead of hanging.
class watched_lock {
 public:
  template <class Call>
  void hold(Call call) {
    if (holder_ == std::this_thread::get_id()) {
      asked_by_holder_ = true;
      return;
    }
    const std::lock_guard lock(mutex_);
    holder_ = std::this_thread::get_id();
    call();
    holder_ = std::thread::id();
  }

  [[nodiscard]] bool was_asked_by_holder() const { return asked_by_holder_; }

 private:
  std::mutex mutex_;
  std::atomic<std::thread::id> holder_;
  std::atomic<bool> asked_by_holder_{false};
};

/// Tasks that block until they are let go on, one by one: more of them than a pool has threads.
class crowd {
 public:
  explicit crowd(std::size_t size) : words_(size) {
    for (promise<void>& word : words_) kept_.push_back(word.get_future());
  }

  void enter(thread_pool_executor& pool) {
    for (future<void>& each : kept_) {
      ended_.push_back(pool.submit([this, &each] {
        ++inside_;
        each.result();
        --inside_;
      }));
    }
  }
  [[nodiscard]] std::size_t inside() const { return inside_; }
  void wait_until_inside(std::size_t number) const {
    while (inside_ < number) std::this_thread::yield();
  }
  void let_go(std::size_t number) {
    for (std::size_t i = 0; i < number; ++i) words_[next_++].set_value();
  }
  void wait_for_all() {
    for (future<void>& each : ended_) each.result();
  }

 private:
  std::vector<promise<void>> words_;
  std::vector<future<void>> kept_;
  std::vector<future<void>> ended_;
  std::size_t next_ = 0;
  std::atomic<std::size_t> inside_{0};
};

}  // namespace

// Two wait for one result. The first is a worker that runs it on top of a call, the younger brother of which wants a
// lock. The second holds that lock. If it ran the brother while it waits, it would wait for itself: rayon#592.
TEST_CASE("who waits under a lock runs nothing that others forked or queued and that wants the lock",
          "[waiting_rule]") {
  const heddle_test::deadline limit;
  const std::string way = GENERATE(as<std::string>(), "a future", "a stolen fork", "a group");
  CAPTURE(way);
  watched_lock lock;
  std::atomic<bool> is_there{false};
  std::atomic<bool> third_began{false};
  std::atomic<pid_t> second_thread{0};
  std::atomic<int> wanted_lock{0};
  promise<void> shared;
  const future<void> of_second = shared.get_future();
  thread_pool_executor pool{{.max_workers = 3}};

  const auto third = [&] {  // keeps the second one waiting until the shared result is there
    third_began = true;
    wait_for(is_there);
  };
  auto second = pool.submit([&] {
    lock.hold([&] {
      second_thread = ::gettid();
      if (way == "a future") {
        pool.post(third);
        wait_for(third_began);
        of_second.wait();
      } else if (way == "a stolen fork") {
        parallel_invoke([&] { wait_for(third_began); }, third);
      } else {
        task_group group(pool);
        group.run(third);
        wait_for(third_began);
        group.wait();
      }
    });
  });
  wait_for(third_began);
  const auto want_lock = [&] { lock.hold([&] { ++wanted_lock; }); };
  auto first = pool.submit([&] {
    pool.post(want_lock);
    parallel_invoke(
        [&] {
          pool.submit([&] {
                while (!heddle_test::is_asleep(second_thread)) std::this_thread::yield();
                is_there = true;
                shared.set_value();
              })
              .result();
        },
        want_lock);
  });
  first.result();
  second.result();
  pool.shutdown();
  CHECK_FALSE(lock.was_asked_by_holder());
  CHECK(wanted_lock == 2);
}

TEST_CASE("a timed wait for a call that is queued returns in time and leaves the call alone",
          "[waiting_rule][timing]") {
  const heddle_test::deadline limit;
  const std::size_t workers = GENERATE(1U, 2U);
  CAPTURE(workers);
  std::atomic<bool> ran{false};
  const auto takes_a_second = [&] {
    ran = true;
    std::this_thread::sleep_for(1s);
  };
  const auto gives_up_in_time = [&ran](future<void> queued) {
    const auto begin = std::chrono::steady_clock::now();
    bool gave_up = false;
    try {
      queued.result(10ms);
    } catch (const heddle::timeout_error&) {
      gave_up = true;
    }
    const auto took = std::chrono::steady_clock::now() - begin;
    return gave_up && took >= 10ms && took < 5s && !ran && queued.cancel();
  };
  std::array<gate, 2> busy;
  thread_pool_executor pool{{.max_workers = workers, .max_stand_ins = 0}};  // a stand-in would run the call
  if (workers == 2) heddle_test::occupy(pool, busy[0]);
  CHECK(pool.submit([&] { return gives_up_in_time(pool.submit(takes_a_second)); }).result());
  heddle_test::occupy(pool, busy[1]);
  CHECK(gives_up_in_time(pool.submit(takes_a_second)));
  for (gate& each : busy) each.open();
}

TEST_CASE("workers that wait again and again for what is queued, however shortly, do not keep it from being run",
          "[waiting_rule][regression]") {
  const heddle_test::deadline limit;
  const auto timeout = GENERATE(1ns, 20ns, 1000ns);
  thread_pool_executor pool({.max_workers = 2});
  const auto wait_again_and_again = [&pool, timeout] {
    future<int> queued = pool.submit([] { return 1; });
    while (!queued.wait(timeout)) {
    }
    return queued.result();
  };
  std::array<future<int>, 2> all{pool.submit(wait_again_and_again), pool.submit(wait_again_and_again)};
  for (future<int>& each : all) CHECK(each.result() == 1);
}

TEST_CASE("a guest that waits in its loop or fork runs no queued call, the only worker does", "[waiting_rule][guest]") {
  const heddle_test::deadline limit;
  const std::size_t workers = GENERATE(1U, 2U);
  CAPTURE(workers);
  thread_pool_executor pool{{.max_workers = workers}};
  const auto here = std::this_thread::get_id();
  std::atomic<int> run_by_guest{0};
  std::atomic<int> ran{0};
  const auto call = [&] {
    if (std::this_thread::get_id() == here) ++run_by_guest;
    ++ran;
  };
  const auto submit_and_wait = [&] {
    pool.submit(call).result();
    future<void> timed = pool.submit(call);
    while (!timed.wait(10ms)) {
    }
    task_group group(pool);
    group.run(call);
    group.wait();
  };
  for (int round = 0; round < 20; ++round) {
    // In loops and forks that are all the guest's own, so that what others steal does not count.
    parallel_for(pool, 0, 1, [&](int) { submit_and_wait(); });
    parallel_invoke(pool, submit_and_wait);
  }
  CHECK(run_by_guest == 0);
  CHECK(ran == 120);
}

TEST_CASE("a worker that is a guest of another pool runs none of the other's queued calls", "[waiting_rule][guest]") {
  const heddle_test::deadline limit;
  thread_pool_executor home{{.max_workers = 1}};
  thread_pool_executor other{{.max_workers = 1}};
  std::thread::id guest;
  std::thread::id of_other;
  std::thread::id of_home;
  home.submit([&] {
        guest = std::this_thread::get_id();
        parallel_for(other, 0, 1, [&](int) {
          of_other = other.submit([] { return std::this_thread::get_id(); }).result();
          of_home = home.submit([] { return std::this_thread::get_id(); }).result();
        });
      })
      .result();
  CHECK(of_other != guest);
  CHECK(of_home == guest);
}

// ---- the limits

TEST_CASE("calls that wait for each other do so until their time is up", "[waiting_rule][limits]") {
  const heddle_test::deadline limit;
  const std::size_t workers = GENERATE(1U, 2U);
  CAPTURE(workers);
  thread_pool_executor pool{{.max_workers = workers}};
  SECTION("a call for itself") {
    future<void> self;
    gate has_future;
    self = pool.submit([&] {
      has_future.pass();
      self.result(5ms);
    });
    has_future.open();
    CHECK_THROWS_AS(self.result(), heddle::timeout_error);
  }
  SECTION("two for one another") {
    future<void> one;
    future<void> two;
    gate have_futures;
    one = pool.submit([&] {
      have_futures.pass();
      two.result();  // runs it, where there is one worker
    });
    two = pool.submit([&] { one.result(5ms); });
    have_futures.open();
    CHECK_THROWS_AS(one.result(), heddle::timeout_error);
    CHECK_THROWS_AS(two.result(), heddle::timeout_error);
  }
  CHECK(pool.submit([] { return 1; }).result() == 1);
}

TEST_CASE("the only worker waits in vain for what a later call of it does, and the call runs afterwards",
          "[waiting_rule][limits]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  promise<int> word;
  const future<int> kept = word.get_future();
  std::atomic<bool> gave_up{false};
  std::atomic<bool> ran_too_early{false};
  auto waiting = pool.submit([&] {
    pool.post([&] {
      if (!gave_up) ran_too_early = true;
      word.set_value(7);
    });
    CHECK_THROWS_AS(kept.result(5ms), heddle::timeout_error);
    gave_up = true;
  });
  waiting.result();
  CHECK(kept.result() == 7);
  CHECK_FALSE(ran_too_early);
}

TEST_CASE("when more workers block than threads may stand in for, the rest goes on as they return",
          "[waiting_rule][limits]") {
  const heddle_test::deadline limit;
  constexpr std::size_t most_inside = 2 + 256;
  constexpr std::size_t size = most_inside + 50;
  const std::size_t threads = heddle_test::thread_count();
  {
    crowd blocked(size);
    thread_pool_executor pool{{.max_workers = 2}};
    blocked.enter(pool);
    blocked.wait_until_inside(most_inside);

    // Nobody else is hindered meanwhile: guests, other pools, and who waits with a timeout.
    std::atomic<int> sum{0};
    parallel_for(pool, 0, 100, [&](int i) { sum += i; });
    CHECK(sum == 4950);
    int calls = 0;
    parallel_invoke(pool, [&] { ++calls; }, [&] { ++calls; });
    CHECK(calls == 2);
    thread_pool_executor other{{.max_workers = 2}};
    CHECK(other.submit([&] { return other.submit([] { return 5; }).result(); }).result() == 5);
    CHECK(heddle::default_executor().submit([] { return 6; }).result() == 6);
    future<int> late = pool.submit([] { return 7; });
    CHECK_FALSE(late.wait(1ms));
    CHECK(blocked.inside() == most_inside);

    blocked.let_go(size - most_inside);
    blocked.wait_until_inside(most_inside);  // again: for each that returned another one entered
    blocked.let_go(most_inside);
    blocked.wait_for_all();
    CHECK(late.result() == 7);
  }
  CHECK(heddle_test::thread_count() <= threads + heddle::default_executor().max_workers());
}

TEST_CASE("a worker that blocks on what heddle does not know is replaced if it says so", "[waiting_rule]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 2}};
  std::atomic<bool> stop{false};
  std::vector<future<void>> blocked;
  for (int i = 0; i < 5; ++i) {
    blocked.push_back(pool.submit([&] {
      const heddle::blocking scope;
      stop.wait(false);
    }));
  }
  pool.submit([&] {
        stop = true;
        stop.notify_all();
      })
      .result();
  for (auto& each : blocked) each.result();
}

// ---- until the very end

// No stand-in was brought in once the pool was closed, so its destructor waited for ever.
TEST_CASE("a pool that is being destroyed still replaces workers that wait for what is queued",
          "[waiting_rule][regression]") {
  const heddle_test::deadline limit;
  std::array<gate, 2> closed;
  std::array<promise<int>, 2> words;
  std::array<future<int>, 2> kept{words[0].get_future(), words[1].get_future()};
  std::array<future<int>, 2> results;
  {
    thread_pool_executor pool{{.max_workers = 2}};
    for (std::size_t i = 0; i < 2; ++i) {
      results[i] = pool.submit([&, i] {
        closed[i].pass();
        return kept[i].result();
      });
      closed[i].wait_until_reached();
    }
    pool.post([&] {
      words[0].set_value(1);
      words[1].set_value(2);
    });
    pool.shutdown(heddle::pending_jobs::finish, heddle::join_workers::no);
    for (gate& each : closed) each.open();
  }
  CHECK(results[0].result() == 1);
  CHECK(results[1].result() == 2);
}

TEST_CASE("a pool that is being destroyed replaces workers more often than it may have stand-ins", "[waiting_rule]") {
  const heddle_test::deadline limit;
  constexpr std::size_t at_a_time = 100;
  std::atomic<int> sum{0};
  std::array<promise<int>, 6 * at_a_time> words;
  std::vector<future<int>> kept;
  for (promise<int>& word : words) kept.push_back(word.get_future());
  gate closed;
  {
    thread_pool_executor pool{{.max_workers = 2}};
    heddle_test::occupy(pool, closed);
    for (std::size_t i = 0; i < words.size(); i += at_a_time) {
      for (std::size_t j = i; j < i + at_a_time; ++j) pool.post([&, j] { sum += kept[j].result(); });
      for (std::size_t j = i; j < i + at_a_time; ++j) pool.post([&, j] { words[j].set_value(1); });
    }
    pool.shutdown(heddle::pending_jobs::finish, heddle::join_workers::no);
    closed.open();
  }
  CHECK(sum == static_cast<int>(words.size()));
}
