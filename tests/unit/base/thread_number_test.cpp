// SPDX-License-Identifier: MIT
#include <cstddef>
#include <cstdint>
#include <heddle/base/thread_number.hpp>
#include <set>
#include <support/catch.hpp>
#include <thread>
#include <vector>

TEST_CASE("a thread keeps its number, and threads that are numbered together have numbers in a row",
          "[thread_number]") {
  const std::uint32_t mine = heddle::base::thread_number();
  std::vector<std::uint32_t> theirs(10);
  std::vector<std::thread> threads;
  for (std::uint32_t& number : theirs) {
    threads.emplace_back([&number] { number = heddle::base::thread_number(); });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(heddle::base::thread_number() == mine);
  const std::set<std::uint32_t> different(theirs.begin(), theirs.end());
  CHECK(different.size() == theirs.size());
  CHECK_FALSE(different.contains(mine));
  CHECK(*different.rbegin() - *different.begin() == theirs.size() - 1);
}
