// SPDX-License-Identifier: MIT
#include <heddle/base/block_allocated.hpp>
#include <heddle/base/block_cache.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include <support/allocation_count.hpp>
#include <support/catch.hpp>

using heddle::base::block_allocated;
using heddle::base::block_cache;
using heddle::base::large_block_cache;

namespace {

template <class Cache>
std::vector<void*> allocate(std::size_t count) {
  std::vector<void*> blocks(count);
  for (void*& each : blocks) {
    each = Cache::allocate();
    std::memset(each, 0x5a, Cache::block_size);
  }
  return blocks;
}

template <class Cache>
void deallocate(const std::vector<void*>& blocks) {
  for (void* const each : blocks) Cache::deallocate(each);
}

/// Calls f() in a thread of its own, which has ended then.
template <class F>
void in_thread(F f) {
  std::thread(f).join();
}

template <std::size_t Size, std::size_t Alignment = 8>
struct alignas(Alignment) sized : block_allocated {
  char bytes[Size] = {};
};

}  // namespace

TEMPLATE_TEST_CASE("blocks are aligned, and no two overlap", "[block_cache]", block_cache, large_block_cache) {
  const std::vector<void*> blocks = allocate<TestType>(10'000);
  const std::set<void*> sorted(blocks.begin(), blocks.end());
  CHECK(sorted.size() == blocks.size());
  bool all_aligned = true;
  for (void* const each : blocks) {
    all_aligned &= reinterpret_cast<std::uintptr_t>(each) % TestType::block_size == 0;
  }
  CHECK(all_aligned);
  deallocate<TestType>(blocks);
}

TEMPLATE_TEST_CASE("the block that was freed last is allocated first", "[block_cache]", block_cache,
                   large_block_cache) {
  void* const first = TestType::allocate();
  void* const second = TestType::allocate();
  TestType::deallocate(first);
  TestType::deallocate(second);
  CHECK(TestType::allocate() == second);
  CHECK(TestType::allocate() == first);
  TestType::deallocate(first);
  TestType::deallocate(second);
}

TEMPLATE_TEST_CASE("blocks that other threads free come back to who allocated them", "[block_cache]", block_cache,
                   large_block_cache) {
  static constexpr std::size_t count = 1000;
  in_thread([] {
    const std::vector<void*> blocks = allocate<TestType>(count);
    in_thread([&blocks] { deallocate<TestType>(blocks); });
    // Behind what the thread had left of its own.
    std::set<void*> again;
    const auto is_back = [&again](void* each) { return again.contains(each); };
    while (again.size() < 100'000 && !std::all_of(blocks.begin(), blocks.end(), is_back)) {
      again.insert(TestType::allocate());
    }
    CHECK(std::all_of(blocks.begin(), blocks.end(), is_back));
    deallocate<TestType>({again.begin(), again.end()});
  });
}

TEMPLATE_TEST_CASE("a thread gets what an ended one has left, so threads that come and go need no more memory",
                   "[block_cache]", block_cache, large_block_cache) {
  const auto use = [] { deallocate<TestType>(allocate<TestType>(1000)); };
  in_thread(use);
  for (int i = 0; i < 10; ++i) {
    in_thread([&use] { CHECK(heddle_test::allocations_in(use) == 1); });  // the vector of pointers
  }
}

TEMPLATE_TEST_CASE("objects that end after a thread's cache can still allocate and free", "[block_cache]", block_cache,
                   large_block_cache) {
  struct late {
    void* block = nullptr;
    ~late() {
      TestType::deallocate(block);
      TestType::deallocate(TestType::allocate());
    }
  };
  // A cache that such an object took and kept would be missing for the next thread.
  for (int i = 0; i < 10; ++i) {
    in_thread([] {
      // Made before the cache of the thread, so it ends after it.
      static thread_local late held;
      held.block = nullptr;
      held.block = TestType::allocate();
    });
  }
  in_thread([] { CHECK(heddle_test::allocations_in([] { TestType::deallocate(TestType::allocate()); }) == 0); });
}

TEMPLATE_TEST_CASE("an object goes back to where it came from, whatever its size and alignment", "[block_cache]",
                   (sized<1>), (sized<64>), (sized<65>), (sized<64, 64>), (sized<1, 128>), (sized<128>), (sized<129>),
                   (sized<1, 256>), (sized<1000, 256>)) {
  in_thread([] {
    std::vector<std::unique_ptr<TestType>> objects;
    for (int i = 0; i < 100; ++i) objects.push_back(std::make_unique<TestType>());
    bool all_aligned = true;
    for (const auto& each : objects) {
      all_aligned &= reinterpret_cast<std::uintptr_t>(each.get()) % alignof(TestType) == 0;
      std::memset(each->bytes, 0x5a, sizeof each->bytes);
    }
    CHECK(all_aligned);
    objects.resize(1);
    constexpr std::size_t allocations = sizeof(TestType) <= large_block_cache::block_size ? 0 : 1;
    CHECK(heddle_test::allocations_in([] { std::make_unique<TestType>(); }) == allocations);
  });
}
