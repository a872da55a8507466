// SPDX-License-Identifier: MIT
// Replaces operator new in the program of the unit tests, so that they can count allocations.

#include <cstddef>
#include <cstdlib>
#include <latch>
#include <memory>
#include <new>
#include <thread>
#include <vector>

#include <support/allocation_count.hpp>
#include <support/catch.hpp>
#include <support/replaced_new.hpp>

namespace {

thread_local std::size_t calls_of_new = 0;

}  // namespace

void* heddle_test::replaced_new(std::size_t size, std::size_t alignment) noexcept {
  ++calls_of_new;
  return std::aligned_alloc(alignment, (size / alignment + 1) * alignment);
}

void heddle_test::replaced_delete(void* memory) noexcept { std::free(memory); }

std::size_t heddle_test::allocation_count() noexcept { return calls_of_new; }

using heddle_test::allocations_in;

TEST_CASE("every allocation of the calling thread is counted", "[support]") {
  std::unique_ptr<int> one;
  std::unique_ptr<int[]> many;
  CHECK(allocations_in([] {}) == 0);
  CHECK(allocations_in([&] { one = std::make_unique<int>(1); }) == 1);
  CHECK(allocations_in([&] { many = std::make_unique<int[]>(10); }) == 1);
  // Called as functions, since a compiler may leave out a new expression whose object nobody looks at.
  constexpr std::align_val_t wide{256};
  void* aligned = nullptr;
  CHECK(allocations_in([&] { aligned = ::operator new(256, wide); }) == 1);
  CHECK(allocations_in([&] { ::operator delete(aligned, wide); }) == 0);
  void* unthrown = nullptr;
  CHECK(allocations_in([&] { unthrown = ::operator new(10, std::nothrow); }) == 1);
  CHECK(allocations_in([&] { ::operator delete(unthrown, std::nothrow); }) == 0);
}

TEST_CASE("allocations of another thread are not counted", "[support]") {
  std::latch measuring(1);
  std::size_t theirs = 0;
  std::thread other([&] {
    measuring.wait();
    theirs = allocations_in([] { std::vector<int> values(10); });
  });
  const std::size_t ours = allocations_in([&] {
    measuring.count_down();
    other.join();
  });
  CHECK(theirs == 1);
  CHECK(ours == 0);
}
