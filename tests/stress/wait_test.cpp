// SPDX-License-Identifier: MIT
// Waits for several futures while these complete, are cancelled and are waited for by others.
#include <heddle/completion_set.hpp>
#include <heddle/errors.hpp>
#include <heddle/thread_pool_executor.hpp>
#include <heddle/wait.hpp>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstddef>
#include <exception>
#include <latch>
#include <random>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/scale.hpp>
#include <support/tracked.hpp>
#include <support/waiting_threads.hpp>

using namespace std::chrono_literals;
using heddle::all_completed;
using heddle::first_completed;
using heddle::first_exception;
using heddle::future;
using heddle::promise;
using heddle::shared_future;
using heddle::thread_pool_executor;
using heddle_test::failure;
using heddle_test::promised;
using heddle_test::scaled;

namespace {

/// Ends a promise in one of several ways, if nobody has cancelled it.
void end(promise<int>& ended, unsigned way) {
  try {
    if (way % 3 == 0) {
      ended.set_exception(failure());
    } else {
      ended.set_value(1);
    }
  } catch (const heddle::invalid_state_error&) {  // it was cancelled
  }
}

/// Does nothing for a random short time.
void linger(std::minstd_rand& random) {
  for (auto i = random() % 4096; i > 0; --i) std::atomic_signal_fence(std::memory_order_seq_cst);
}

}  // namespace

// CPython#14406: the last of many decrements was lost.
TEST_CASE("a wait for a hundred calls that end together misses none", "[stress][wait]") {
  const heddle_test::deadline limit(250s);
  thread_pool_executor pool({.max_workers = 4});
  for (std::size_t round = 0; round < scaled(1000); ++round) {
    std::atomic<bool> released{false};
    std::vector<future<void>> calls;
    for (int i = 0; i < 100; ++i) {
      calls.push_back(pool.submit([&released] {
        while (!released) std::this_thread::yield();
      }));
    }
    std::vector<future<void>*> pointers;
    for (future<void>& each : calls) pointers.push_back(&each);
    released = true;
    REQUIRE(heddle::wait(pointers).not_done.empty());
  }
}

// One that ends between the first look and the registration was waited for in vain.
TEST_CASE("a wait for the first or its failure does not miss one that ends as it begins",
          "[stress][wait][regression]") {
  const heddle_test::deadline limit(250s);
  const auto when = GENERATE(first_completed, first_exception);
  std::barrier together(2);
  constexpr std::size_t size = 500;  // so that the look takes a while
  const std::size_t rounds = scaled(2000);
  std::vector<promised> all;
  for (std::size_t i = 0; i < 2; ++i) all.emplace_back(size);
  std::thread other([&] {
    std::minstd_rand random;
    for (std::size_t round = 0; round < rounds; ++round) {
      together.arrive_and_wait();
      linger(random);
      all[round % 2].promises[0].set_exception(failure());
      together.arrive_and_wait();
    }
  });
  std::size_t missed = 0;
  std::minstd_rand random(2);
  for (std::size_t round = 0; round < rounds; ++round) {
    promised& now = all[round % 2];
    std::vector<future<int>*> pointers;
    for (future<int>& each : now.futures) pointers.push_back(&each);
    together.arrive_and_wait();
    linger(random);
    if (heddle::wait(pointers, {.return_when = when}).done.size() != 1) ++missed;
    together.arrive_and_wait();
    all[round % 2] = promised(size);
  }
  other.join();
  CHECK(missed == 0);
}

TEST_CASE("many threads wait for overlapping futures in all ways while these end and are cancelled", "[stress][wait]") {
  const heddle_test::deadline limit(250s);
  constexpr std::size_t size = 12;
  constexpr unsigned waiters = 4;
  std::atomic<int> wrong{0};
  const std::size_t rounds = scaled(5000);
  for (std::size_t round = 0; round < rounds; ++round) {
    promised p(size);
    std::vector<shared_future<int>> all;
    for (future<int>& each : p.futures) all.push_back(std::move(each).share());
    std::barrier together(waiters + 2);
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < waiters; ++t) {
      threads.emplace_back([&, t, own = all]() mutable {
        std::minstd_rand random(static_cast<unsigned>(round * waiters + t + 1));
        std::shuffle(own.begin(), own.end(), random);
        const std::vector<shared_future<int>> some(own.begin(), own.begin() + 4 + random() % (size - 4));
        together.arrive_and_wait();
        for (bool all_done = false; !all_done;) {
          const auto when = static_cast<heddle::return_when>(random() % 3);
          const bool is_timed = random() % 4 != 0;
          const auto timeout =
              is_timed ? heddle::sync::timeout(std::chrono::microseconds(random() % 100)) : heddle::sync::timeout();
          const auto [done, not_done] = heddle::wait(some, {.timeout = timeout, .return_when = when});
          if (done.size() + not_done.size() != some.size()) ++wrong;
          for (const auto& each : done) wrong += each.done() ? 0 : 1;
          all_done = not_done.empty();
          bool has_failed = false;
          for (const auto& each : done) has_failed = has_failed || (!each.cancelled() && each.exception() != nullptr);
          const bool is_enough =
              all_done || (when == first_completed && !done.empty()) || (when == first_exception && has_failed);
          if (!is_timed && !is_enough) ++wrong;
        }
      });
    }
    threads.emplace_back([&] {
      std::minstd_rand random(static_cast<unsigned>(round + 1));
      together.arrive_and_wait();
      for (auto& each : p.promises) {
        linger(random);
        end(each, static_cast<unsigned>(random()));
      }
    });
    threads.emplace_back([&, own = all]() mutable {
      std::minstd_rand random(static_cast<unsigned>(round + 2));
      std::shuffle(own.begin(), own.end(), random);
      together.arrive_and_wait();
      for (std::size_t i = 0; i < size / 2; ++i) own[i].cancel();
    });
    for (std::thread& each : threads) each.join();
    REQUIRE(wrong == 0);
  }
}

TEST_CASE("iterations are given up while what they watch ends, and all is freed once", "[stress][as_completed]") {
  const heddle_test::deadline limit(250s);
  constexpr std::size_t size = 32;
  heddle_test::life_counts counts;
  thread_pool_executor pool({.max_workers = 2});
  std::minstd_rand random;
  for (std::size_t round = 0; round < scaled(5000); ++round) {
    std::vector<future<heddle_test::tracked>> calls;
    for (std::size_t i = 0; i < size; ++i) calls.push_back(pool.submit([&] { return heddle_test::tracked(counts); }));
    auto to_read = static_cast<std::size_t>(random() % (size + 1));
    if (random() % 3 == 0) {
      for (auto& each : heddle::as_completed(std::move(calls))) {
        if (to_read-- == 0) break;
        if (!each.done()) FAIL("read before it was done");
      }
    } else {
      const auto timeout = std::chrono::microseconds(random() % 64);
      try {
        for (auto& each : heddle::as_completed(calls, timeout)) {
          if (to_read-- == 0) break;
          if (each.cancel()) FAIL("read before it was done");
        }
      } catch (const heddle::timeout_error&) {
      }
    }
  }
  pool.shutdown();
  CHECK(counts.alive == 0);
}

TEST_CASE("a set is added to while what is in it ends elsewhere", "[stress][completion_set]") {
  const heddle_test::deadline limit(250s);
  heddle_test::life_counts counts;
  const std::size_t calls = scaled(1000000);
  std::size_t handed_out = 0;
  std::size_t wrong = 0;
  std::vector<bool> seen(calls);
  {
    thread_pool_executor pool({.max_workers = 2});
    heddle::completion_set<heddle_test::tracked> set;
    std::minstd_rand random;
    std::size_t added = 0;
    const auto note = [&](auto done) {
      ++handed_out;
      if (seen[done.index] || !done.future.done()) ++wrong;
      seen[done.index] = true;
    };
    while (added < calls) {
      for (auto more = random() % 8; more > 0 && added < calls; --more, ++added) {
        auto call = pool.submit([&] { return heddle_test::tracked(counts); });
        if (random() % 8 == 0) call.cancel();
        if (set.add(std::move(call)) != added) ++wrong;
      }
      if (auto next = set.wait_any(std::chrono::microseconds(random() % 4))) note(*std::move(next));
      if (set.size() > 50) note(set.wait_any());
    }
    for (std::size_t left = set.size() / 2; left > 0; --left) note(set.wait_any());
    handed_out += set.size();
  }
  CHECK(wrong == 0);
  CHECK(handed_out == calls);
  CHECK(counts.alive == 0);
}

TEST_CASE("workers wait for overlapping sets of their own pool's calls in all ways", "[stress][wait]") {
  const heddle_test::deadline limit(250s);
  for (const std::size_t workers : {1U, 2U}) {
    thread_pool_executor pool({.max_workers = workers});
    for (std::size_t round = 0; round < scaled(1000); ++round) {
      std::vector<shared_future<int>> shared;
      for (int i = 0; i < 8; ++i) shared.push_back(pool.submit([i] { return i; }).share());
      std::vector<future<int>> waiting;
      for (unsigned way = 0; way < 6; ++way) {
        waiting.push_back(pool.submit([&pool, way, own = shared] {
          std::vector<future<int>> more;
          for (int i = 0; i < 4; ++i) more.push_back(pool.submit([i] { return i == 2 ? throw i : i; }));
          if (way % 3 == 0) {
            for (const auto& each : heddle::as_completed(own)) static_cast<void>(each.result());
          } else {
            heddle::wait(own, {.return_when = static_cast<heddle::return_when>(way % 3)});
          }
          return static_cast<int>(heddle::wait(more, {.return_when = first_exception}).done.size() +
                                  heddle::wait(more).done.size());
        }));
      }
      for (auto& each : waiting) REQUIRE(each.result() > 4);
    }
  }
}
