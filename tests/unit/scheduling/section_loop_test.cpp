// SPDX-License-Identifier: MIT
// section_loop: who takes part gets sections in order, and of several failures the lowest one is left.

#include <heddle/scheduling/loop_body.hpp>
#include <heddle/scheduling/section_loop.hpp>

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include <support/catch.hpp>
#include <support/threads.hpp>

namespace {

using heddle::scheduling::loop_body;
using heddle::scheduling::section_loop;
using heddle_test::wait_for;

/// The index that the failure of the loop carries.
std::uint64_t failed_index(section_loop& loop) {
  try {
    loop.rethrow_failure();
  } catch (std::uint64_t index) {
    return index;
  }
  return ~std::uint64_t{0};
}

}  // namespace

TEST_CASE("one thread runs all sections in ascending order", "[section_loop]") {
  std::vector<std::uint64_t> seen;
  auto body = [&](std::uint64_t first, std::uint64_t last, std::uint64_t& at) {
    REQUIRE(at == first);
    for (; at != last; ++at) seen.push_back(at);
  };
  section_loop loop(1000, 7, loop_body(body));
  loop.run();
  loop.rethrow_failure();
  REQUIRE(seen.size() == 1000);
  for (std::uint64_t i = 0; i < 1000; ++i) REQUIRE(seen[i] == i);
}

TEST_CASE("a lower failure that comes later takes the place of a higher one", "[section_loop]") {
  std::atomic<bool> zero_began{false};
  std::atomic<bool> one_failed{false};
  auto body = [&](std::uint64_t first, std::uint64_t, std::uint64_t&) {
    if (first == 1) throw std::uint64_t{1};
    zero_began = true;
    wait_for(one_failed);
    throw std::uint64_t{0};
  };
  section_loop loop(2, 2, loop_body(body));
  std::thread low([&] { loop.run(); });
  wait_for(zero_began);
  loop.run();  // takes section 1, which fails while section 0 runs
  one_failed = true;
  low.join();
  REQUIRE(failed_index(loop) == 0);
}

TEST_CASE("a higher failure that comes later changes nothing", "[section_loop]") {
  std::atomic<bool> one_began{false};
  std::atomic<bool> zero_failed{false};
  auto body = [&](std::uint64_t first, std::uint64_t, std::uint64_t&) {
    if (first == 1) {
      one_began = true;
      wait_for(zero_failed);
    } else {
      wait_for(one_began);
    }
    throw first;
  };
  section_loop loop(2, 2, loop_body(body));
  std::thread other([&] {
    loop.run();
    zero_failed = true;  // whoever has section 0 gets here first
  });
  loop.run();
  zero_failed = true;
  other.join();
  REQUIRE(failed_index(loop) == 0);
}

TEST_CASE("nothing is begun beyond a failure that is known", "[section_loop]") {
  std::uint64_t begun = 0;
  auto body = [&](std::uint64_t first, std::uint64_t, std::uint64_t&) {
    ++begun;
    if (first == 3) throw 3;
  };
  section_loop loop(100, 100, loop_body(body));
  loop.run();
  loop.run();
  REQUIRE(begun == 4);
  REQUIRE_THROWS_AS(loop.rethrow_failure(), int);
}
