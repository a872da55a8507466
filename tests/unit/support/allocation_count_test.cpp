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

namespace {

thread_local std::size_t calls_of_new = 0;

void* allocate(std::size_t size) noexcept {
  ++calls_of_new;
  return std::malloc(size != 0 ? size : 1);
}

void* allocate(std::size_t size, std::align_val_t alignment) noexcept {
  ++calls_of_new;
  const auto step = static_cast<std::size_t>(alignment);
  return std::aligned_alloc(step, (size + step - 1) / step * step);
}

void* or_throw(void* memory) {
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

/// Not inlined: GCC takes free() after a replaced operator new for a mismatch where it sees both.
[[gnu::noinline]] void release(void* memory) noexcept { std::free(memory); }

}  // namespace

// All forms: a sanitizer supplies each that is missing here, uncounted.
using alignment = std::align_val_t;
using no_throw = const std::nothrow_t&;
void* operator new(std::size_t size) { return or_throw(allocate(size)); }
void* operator new[](std::size_t size) { return or_throw(allocate(size)); }
void* operator new(std::size_t size, alignment a) { return or_throw(allocate(size, a)); }
void* operator new[](std::size_t size, alignment a) { return or_throw(allocate(size, a)); }
void* operator new(std::size_t size, no_throw) noexcept { return allocate(size); }
void* operator new[](std::size_t size, no_throw) noexcept { return allocate(size); }
void* operator new(std::size_t size, alignment a, no_throw) noexcept { return allocate(size, a); }
void* operator new[](std::size_t size, alignment a, no_throw) noexcept { return allocate(size, a); }
void operator delete(void* memory) noexcept { release(memory); }
void operator delete[](void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t) noexcept { release(memory); }
void operator delete(void* memory, alignment) noexcept { release(memory); }
void operator delete[](void* memory, alignment) noexcept { release(memory); }
void operator delete(void* memory, std::size_t, alignment) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t, alignment) noexcept { release(memory); }
void operator delete(void* memory, no_throw) noexcept { release(memory); }
void operator delete[](void* memory, no_throw) noexcept { release(memory); }
void operator delete(void* memory, alignment, no_throw) noexcept { release(memory); }
void operator delete[](void* memory, alignment, no_throw) noexcept { release(memory); }

std::size_t heddle_test::allocation_count() noexcept { return calls_of_new; }

using heddle_test::allocations_in;

TEST_CASE("every allocation of the calling thread is counted", "[support]") {
  std::unique_ptr<int> one;
  std::unique_ptr<int[]> many;
  CHECK(allocations_in([] {}) == 0);
  CHECK(allocations_in([&] { one = std::make_unique<int>(1); }) == 1);
  CHECK(allocations_in([&] { many = std::make_unique<int[]>(10); }) == 1);
  // Called as functions, since a compiler may leave out a new expression whose object nobody looks at.
  constexpr alignment wide{256};
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
