// SPDX-License-Identifier: MIT
#include <chrono>
#include <heddle/base/spin_lock.hpp>
#include <mutex>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/gate.hpp>
#include <support/threads.hpp>
#include <thread>

using heddle::base::spin_lock;

TEST_CASE("a spin lock that is taken cannot be taken again until it is free", "[spin_lock]") {
  spin_lock lock;
  REQUIRE(lock.try_lock());
  CHECK_FALSE(lock.try_lock());
  lock.unlock();
  {
    const std::lock_guard guard(lock);
    CHECK_FALSE(lock.try_lock());
  }
  CHECK(lock.try_lock());
}

TEST_CASE("who waits long for a spin lock leaves the processor to others", "[spin_lock][timing]") {
  const heddle_test::deadline limit;
  spin_lock lock;
  lock.lock();
  std::chrono::nanoseconds spent{};
  heddle_test::gate waiting;
  std::thread waiter([&] {
    waiting.pass();
    const auto before = heddle_test::cpu_time_of_this_thread();
    lock.lock();
    spent = heddle_test::cpu_time_of_this_thread() - before;
    lock.unlock();
  });
  waiting.wait_until_reached();
  waiting.open();
  const std::chrono::milliseconds held(200);
  std::this_thread::sleep_for(held);
  lock.unlock();
  waiter.join();
  CHECK(spent < held / 4);
}
