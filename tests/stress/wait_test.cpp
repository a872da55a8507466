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
using heddle_test::promised;
using heddle_test::scaled;

namespace {

std::exception_ptr failure() { return std::make_exception_ptr(1); }

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
  const heddle_test::deadline limit(30s);
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
TEST_CASE("a wait for the first or its failure does not miss one that ends as it begins", "[stress][wait][regression]") {
  const heddle_test::deadline limit(30s);
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
