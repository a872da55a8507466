// SPDX-License-Identifier: MIT
// Everything that can race for a future, racing: cancel, run, claim, result, timed waits, callbacks, drop, shutdown.
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstddef>
#include <heddle/errors.hpp>
#include <heddle/thread_pool_executor.hpp>
#include <memory>
#include <stdexcept>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/race.hpp>
#include <support/scale.hpp>
#include <support/tracked.hpp>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using heddle::future;
using heddle::promise;
using heddle::thread_pool_executor;
using heddle_test::life_counts;
using heddle_test::race;
using heddle_test::scaled;
using heddle_test::tracked;

namespace {

int tree(thread_pool_executor& pool, int depth) {
  if (depth == 0) return 1;
  auto left = pool.submit(tree, std::ref(pool), depth - 1);
  auto right = pool.submit(tree, std::ref(pool), depth - 1);
  return std::move(left).result() + std::move(right).result();
}

}  // namespace

TEST_CASE("cancel and run and result race and exactly one of cancel and run wins", "[stress]") {
  const heddle_test::deadline limit(250s);
  life_counts counts;
  thread_pool_executor pool({.max_workers = 2});
  std::unique_ptr<future<tracked>> f;
  std::atomic<int> ran{0}, cancels{0}, values{0}, cancellations{0}, callbacks{0};
  int wrong = 0;
  race(
      scaled(20000),
      [&] {
        ran = cancels = values = cancellations = callbacks = 0;
        f = std::make_unique<future<tracked>>(pool.submit([&, held = tracked(counts)] {
          ++ran;
          return tracked(counts);
        }));
        f->add_done_callback([&] { ++callbacks; });
      },
      [&] {
        f.reset();
        // Who ran the call tells the callback after those who wait for the result.
        while (callbacks == 0) std::this_thread::yield();
        const bool was_cancelled = cancels > 0;
        // A cancel() that finds another one at work returns true too.
        if (ran != (was_cancelled ? 0 : 1) || values != (was_cancelled ? 0 : 1) || values + cancellations != 1) ++wrong;
        if (callbacks != 1) ++wrong;
      },
      [&] { cancels += f->cancel() ? 1 : 0; }, [&] { cancels += f->cancel() ? 1 : 0; },
      [&] {
        try {
          f->wait();
          static_cast<void>(f->result());
          ++values;
        } catch (const heddle::cancelled_error&) {
          ++cancellations;
        }
      });
  CHECK(wrong == 0);
  pool.shutdown();
  CHECK(counts.alive == 0);
}

TEST_CASE("futures are dropped while their calls run, and everything is freed once", "[stress]") {
  const heddle_test::deadline limit(250s);
  life_counts counts;
  std::atomic<int> ran{0};
  std::atomic<int> callbacks{0};
  int cancelled = 0;
  const std::size_t calls = scaled(50000);
  {
    thread_pool_executor pool({.max_workers = 2});
    for (std::size_t i = 0; i < calls; ++i) {
      auto f = pool.submit([&, held = tracked(counts)] {
        ++ran;
        return tracked(counts);
      });
      if (i % 3 == 0) f.add_done_callback([&] { ++callbacks; });
      if (i % 5 == 0 && f.cancel()) ++cancelled;
      if (i % 7 == 0) static_cast<void>(f.wait(0s));
    }
  }
  CHECK(static_cast<std::size_t>(ran + cancelled) == calls);
  CHECK(static_cast<std::size_t>(callbacks) == (calls + 2) / 3);
  CHECK(counts.alive == 0);
}

TEST_CASE("timed waits race completion and no waiter is lost or left", "[stress]") {
  const heddle_test::deadline limit(250s);
  std::unique_ptr<promise<int>> p;
  std::unique_ptr<future<int>> f;
  std::atomic<int> called{0};
  std::atomic<int> right{0};
  int wrong = 0;
  const auto wait_in_steps = [&](std::chrono::microseconds step) {
    while (!f->wait(step)) {
    }
    if (f->result(0s) == 5) ++right;
  };
  race(
      scaled(2000),
      [&] {
        called = right = 0;
        p = std::make_unique<promise<int>>();
        f = std::make_unique<future<int>>(p->get_future());
        f->add_done_callback([&] { ++called; });
      },
      [&] {
        p.reset();
        if (called != 1 || right != 3) ++wrong;
        f.reset();
      },
      [&] {
        static_cast<void>(f->wait(20us));
        p->set_value(5);
      },
      [&] { wait_in_steps(1us); }, [&] { wait_in_steps(15us); },
      [&] {
        if (f->result() == 5) ++right;
      });
  CHECK(wrong == 0);
}

TEST_CASE("promise and future go while the other one is used", "[stress]") {
  const heddle_test::deadline limit(250s);
  life_counts counts;
  std::unique_ptr<promise<tracked>> p;
  std::unique_ptr<future<tracked>> f;
  int leaked = 0;
  race(
      scaled(20000),
      [&] {
        p = std::make_unique<promise<tracked>>();
        f = std::make_unique<future<tracked>>(p->get_future());
      },
      [&] {
        if (counts.alive != 0) ++leaked;
      },
      [&] {
        try {
          p->set_value(counts);
        } catch (const heddle::invalid_state_error&) {
        }
        p.reset();
      },
      [&] {
        f->cancel();
        f.reset();
      });
  CHECK(leaked == 0);
}

TEST_CASE("a value and a cancellation race a million times and one of them wins", "[stress]") {
  const heddle_test::deadline limit(250s);
  constexpr std::size_t size = 1000;
  life_counts counts;
  std::vector<promise<tracked>> promises;
  std::vector<future<tracked>> futures;
  std::size_t values = 0;
  std::size_t cancellations = 0;
  std::atomic<std::size_t> setter_at{0};
  std::atomic<std::size_t> canceller_at{0};
  const auto meet = [](std::atomic<std::size_t>& mine, const std::atomic<std::size_t>& other) {
    const std::size_t now = ++mine;
    mine.notify_one();
    int polls = 0;
    for (std::size_t seen = other; seen < now; seen = other) {
      if (++polls > 200) other.wait(seen);  // who only yields waits long where others want the processors
    }
  };
  int wrong = 0;
  race(
      scaled(1000),
      [&] {
        promises = std::vector<promise<tracked>>(size);
        futures.clear();
        for (auto& each : promises) futures.push_back(each.get_future());
        values = cancellations = 0;
      },
      [&] {
        if (values + cancellations != size || static_cast<std::size_t>(counts.alive) != values) ++wrong;
        for (std::size_t i = 0; i < size; ++i) {
          if (i % 2 == 0) promises[i] = promise<tracked>();
          if (!futures[i].done()) ++wrong;
          futures[i] = future<tracked>();
        }
      },
      [&] {
        for (std::size_t i = 0; i < size; ++i) {
          meet(setter_at, canceller_at);
          for (std::size_t j = i % 64; j > 0; --j) std::atomic_signal_fence(std::memory_order_seq_cst);
          try {
            promises[i].set_value(counts);
            ++values;
          } catch (const heddle::invalid_state_error&) {
          }
        }
      },
      [&] {
        for (future<tracked>& each : futures) {
          meet(canceller_at, setter_at);
          cancellations += each.cancel() ? 1 : 0;
        }
      });
  CHECK(wrong == 0);
  promises.clear();
  CHECK(counts.alive == 0);
}

TEST_CASE("many threads submit while the pool shuts down, and every accepted call ends", "[stress]") {
  const heddle_test::deadline limit(250s);
  for (std::size_t round = 0; round < scaled(100); ++round) {
    const bool cancels = round % 2 == 0;
    std::atomic<int> ran{0};
    std::atomic<int> values{0}, cancelled{0}, unfinished{0};
    {
      thread_pool_executor pool({.max_workers = 2});
      std::vector<std::thread> threads;
      for (int t = 0; t < 3; ++t) {
        threads.emplace_back([&] {
          std::vector<future<int>> futures;
          try {
            for (;;) futures.push_back(pool.submit([&] { return ++ran; }));
          } catch (const heddle::executor_shutdown_error&) {
          }
          for (auto& f : futures) {
            try {
              static_cast<void>(f.result());
              ++values;
            } catch (const heddle::cancelled_error&) {
              ++cancelled;
            }
          }
        });
      }
      while (ran < 50) std::this_thread::yield();
      pool.shutdown(cancels ? heddle::pending_jobs::cancel : heddle::pending_jobs::finish);
      for (std::thread& thread : threads) thread.join();
    }
    if (values != ran || (!cancels && cancelled != 0)) ++unfinished;
    REQUIRE(unfinished == 0);
  }
}

TEST_CASE("nested submit and wait five levels deep ends on one worker and on two", "[stress]") {
  const heddle_test::deadline limit(250s);
  for (const std::size_t workers : {1U, 2U}) {
    thread_pool_executor pool({.max_workers = workers});
    for (std::size_t round = 0; round < scaled(500); ++round) {
      auto first = pool.submit(tree, std::ref(pool), 5);
      auto second = pool.submit(tree, std::ref(pool), 5);
      REQUIRE(first.result() == 32);
      REQUIRE(second.result() == 32);
    }
  }
}

TEST_CASE("a worker claims a queued call while another thread cancels it", "[stress]") {
  const heddle_test::deadline limit(250s);
  life_counts counts;
  thread_pool_executor pool({.max_workers = 1});
  std::atomic<bool> go{false}, waits{false};
  std::atomic<int> ran{0}, values{0};
  bool cancelled = false;
  int delay = 0;
  future<int> queued;
  future<void> claims;
  int wrong = 0;
  race(
      scaled(20000),
      [&] {
        go = waits = false;
        ran = values = 0;
        claims = pool.submit([&] {
          waits = true;
          while (!go) std::this_thread::yield();
          try {
            values += queued.result();
          } catch (const heddle::cancelled_error&) {
          }
        });
        queued = pool.submit([&, held = tracked(counts)] { return ++ran; });
        while (!waits) std::this_thread::yield();
      },
      [&] {
        claims.wait();
        const int expected = cancelled ? 0 : 1;
        if (ran != expected || values != expected || counts.alive != 0) ++wrong;
      },
      [&] {
        go = true;
        delay = (delay + 1) % 256;  // sometimes before the claim, sometimes after it
        for (int i = 0; i < 16 * delay; ++i) static_cast<void>(go.load());
        cancelled = queued.cancel();
      });
  CHECK(wrong == 0);
}

TEST_CASE("threads of a pool that breaks while all of them start run nothing", "[stress][regression]") {
  const heddle_test::deadline limit(250s);
  for (std::size_t round = 0; round < scaled(1000); ++round) {
    std::barrier together(3);
    std::atomic<int> ran{0};
    thread_pool_executor pool({.max_workers = 2, .initializer = [&] {
                                 together.arrive_and_wait();
                                 throw std::runtime_error("every one of them");
                               }});
    std::vector<future<void>> futures;
    for (int i = 0; i < 20; ++i) futures.push_back(pool.submit([&] { ++ran; }));
    together.arrive_and_wait();
    for (const auto& f : futures) f.wait();
    REQUIRE(ran == 0);
  }
}
