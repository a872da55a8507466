// SPDX-License-Identifier: MIT
#include <cstdint>
#include <heddle/base/unique_function.hpp>
#include <memory>
#include <stdexcept>
#include <support/allocation_count.hpp>
#include <support/catch.hpp>
#include <support/tracked.hpp>
#include <utility>

using heddle::base::unique_function;
using heddle_test::allocations_in;
using heddle_test::life_counts;
using heddle_test::tracked;

namespace {

int doubled(int value) { return 2 * value; }

struct throws_when_moved {
  throws_when_moved() = default;
  throws_when_moved(const throws_when_moved&) {}
  throws_when_moved(throws_when_moved&&) noexcept(false) { throw std::runtime_error("moved"); }
  throws_when_moved& operator=(throws_when_moved&&) = delete;
  int operator()() const { return 5; }
};

struct alignas(64) aligned_callable {
  std::uintptr_t operator()() const { return reinterpret_cast<std::uintptr_t>(this) % 64; }
};

}  // namespace

TEST_CASE("a unique_function that holds nothing tests false", "[unique_function]") {
  using function = int(int);
  CHECK_FALSE(unique_function<function>());
  CHECK_FALSE(unique_function<function>(nullptr));
  CHECK_FALSE(unique_function<function>(static_cast<function*>(nullptr)));
}

TEST_CASE("a unique_function calls functions and function pointers", "[unique_function]") {
  unique_function<int(int)> by_reference(doubled);
  unique_function<int(int)> by_pointer(&doubled);
  REQUIRE(by_reference);
  REQUIRE(by_pointer);
  CHECK(by_reference(4) == 8);
  CHECK(by_pointer(5) == 10);
}

TEST_CASE("a unique_function calls members through pointers to them", "[unique_function][regression]") {
  struct point {
    int x;
    [[nodiscard]] int negated() const { return -x; }
  };
  point somewhere{4};
  unique_function<int&(point&)> data(&point::x);
  unique_function<int(const point&)> function(&point::negated);
  CHECK(&data(somewhere) == &somewhere.x);
  CHECK(function(somewhere) == -4);
  int point::* nothing = nullptr;
  CHECK_FALSE(unique_function<int&(point&)>(nothing));
}

TEST_CASE("a unique_function owns a callable that only moves, and keeps its state", "[unique_function]") {
  unique_function<int()> next([count = std::make_unique<int>(0)] { return ++*count; });
  CHECK(next() == 1);
  unique_function<int()> moved(std::move(next));
  CHECK(moved() == 2);
  CHECK_FALSE(next);
}

TEST_CASE("a unique_function passes references and move-only values through", "[unique_function]") {
  int target = 0;
  unique_function<int&(int&)> same([](int& value) -> int& { return value; });
  CHECK(&same(target) == &target);
  unique_function<std::unique_ptr<int>(std::unique_ptr<int>)> pass([](std::unique_ptr<int> value) { return value; });
  CHECK(*pass(std::make_unique<int>(7)) == 7);
  unique_function<void()> ignores_the_result([] { return 1; });
  ignores_the_result();
}

TEST_CASE("a unique_function never copies its callable and destroys it once", "[unique_function]") {
  life_counts counts;
  {
    unique_function<void()> first([value = tracked(counts)] { static_cast<void>(value); });
    unique_function<void()> second(std::move(first));
    first = std::move(second);
    first();
    CHECK(counts.alive == 1);
    first = [] {};
    CHECK(counts.alive == 0);
  }
  CHECK(counts.copies == 0);
  CHECK(counts.alive == 0);
}

TEST_CASE("assigning a unique_function to itself keeps its callable", "[unique_function]") {
  unique_function<int()> same([] { return 3; });
  auto& other_name = same;
  same = std::move(other_name);
  REQUIRE(same);
  CHECK(same() == 3);
}

TEST_CASE("a unique_function allocates once for a large callable and never for a small one", "[unique_function]") {
  struct large {
    char bytes[49] = {};
    int operator()() const { return bytes[0] + 1; }
  };
  struct small {
    char bytes[48] = {};
    int operator()() const { return bytes[0] + 2; }
  };
  int sum = 0;
  CHECK(allocations_in([&] {
          unique_function<int()> holds(small{});
          unique_function<int()> moved(std::move(holds));
          sum += moved();
        }) == 0);
  CHECK(allocations_in([&] {
          unique_function<int()> holds(large{});
          unique_function<int()> moved(std::move(holds));
          sum += moved();
        }) == 1);
  CHECK(sum == 3);
}

TEST_CASE("a callable whose move can throw is not moved with its unique_function", "[unique_function]") {
  const throws_when_moved callable;
  unique_function<int()> holds(callable);
  unique_function<int()> moved(std::move(holds));
  CHECK(moved() == 5);
}

TEST_CASE("an over-aligned callable is aligned in a unique_function", "[unique_function]") {
  unique_function<std::uintptr_t()> holds(aligned_callable{});
  CHECK(holds() == 0);
}
