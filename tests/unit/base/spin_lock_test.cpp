// SPDX-License-Identifier: MIT
// base/spin_lock.hpp, by one thread and by many.
#include <heddle/base/spin_lock.hpp>
#include <mutex>
#include <support/catch.hpp>
#include <thread>
#include <vector>

using heddle::base::spin_lock;

TEST_CASE("a spin lock is one byte", "[spin_lock]") { STATIC_REQUIRE(sizeof(spin_lock) == 1); }

TEST_CASE("a spin lock that is taken is not given again until it is released", "[spin_lock]") {
  spin_lock lock;
  CHECK(lock.try_lock());
  CHECK_FALSE(lock.try_lock());
  CHECK_FALSE(lock.try_lock());
  lock.unlock();
  lock.lock();
  CHECK_FALSE(lock.try_lock());
  lock.unlock();
  CHECK(lock.try_lock());
}

TEST_CASE("what a spin lock guards is changed by one thread at a time", "[spin_lock]") {
  constexpr int threads = 4;
  constexpr int additions = 200'000;
  spin_lock lock;
  int count = 0;
  std::vector<std::thread> all;
  while (all.size() < threads) {
    all.emplace_back([&] {
      for (int i = 0; i < additions; ++i) {
        const std::lock_guard held(lock);
        ++count;
      }
    });
  }
  for (std::thread& each : all) each.join();
  CHECK(count == threads * additions);
}
