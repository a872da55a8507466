// SPDX-License-Identifier: MIT
// Replaces operator new in the program of the unit tests, so that they can count allocations.

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <thread>
#include <vector>

#include <support/allocation_count.hpp>
#include <support/catch.hpp>

namespace {

thread_local std::size_t calls_of_new = 0;

void* counted(void* memory) {
  ++calls_of_new;
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

// The other forms of new and delete call these by default.
void* operator new(std::size_t size) { return counted(std::malloc(size != 0 ? size : 1)); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  const auto step = static_cast<std::size_t>(alignment);
  return counted(std::aligned_alloc(step, (size + step - 1) / step * step));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

std::size_t heddle_test::allocation_count() noexcept { return calls_of_new; }

using heddle_test::allocations_in;

TEST_CASE("every allocation of the calling thread is counted", "[support]") {
  struct alignas(256) wide {
    char bytes[256];
  };
  std::unique_ptr<int> one;
  std::unique_ptr<int[]> many;
  std::unique_ptr<wide> aligned;
  CHECK(allocations_in([] {}) == 0);
  CHECK(allocations_in([&] { one = std::make_unique<int>(1); }) == 1);
  CHECK(allocations_in([&] { many = std::make_unique<int[]>(10); }) == 1);
  CHECK(allocations_in([&] { aligned = std::make_unique<wide>(); }) == 1);
  CHECK(allocations_in([&] { one.reset(); }) == 0);
}

TEST_CASE("allocations of another thread are not counted", "[support]") {
  std::size_t theirs = 0;
  std::size_t ours = 0;
  std::thread other([&] { theirs = allocations_in([] { std::vector<int> values(10); }); });
  ours = allocations_in([&] { other.join(); });
  CHECK(theirs == 1);
  CHECK(ours == 0);
}
