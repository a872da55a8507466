// SPDX-License-Identifier: MIT
#include <heddle/base/block_cache.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

#include <support/allocation_count.hpp>
#include <support/catch.hpp>

using heddle::base::block_cache;

namespace {

std::vector<void*> allocate(std::size_t count) {
  std::vector<void*> blocks(count);
  for (void*& each : blocks) {
    each = block_cache::allocate();
    std::memset(each, 0x5a, block_cache::block_size);
  }
  return blocks;
}

void deallocate(const std::vector<void*>& blocks) {
  for (void* const each : blocks) block_cache::deallocate(each);
}

/// Calls f() in a thread of its own, which has ended then.
template <class F>
void in_thread(F f) {
  std::thread(f).join();
}

}  // namespace

TEST_CASE("blocks are aligned, and no two overlap", "[block_cache]") {
  const std::vector<void*> blocks = allocate(10'000);
  const std::set<void*> sorted(blocks.begin(), blocks.end());
  CHECK(sorted.size() == blocks.size());
  bool all_aligned = true;
  for (void* const each : blocks) {
    all_aligned &= reinterpret_cast<std::uintptr_t>(each) % block_cache::block_size == 0;
  }
  CHECK(all_aligned);
  deallocate(blocks);
}

TEST_CASE("the block that was freed last is allocated first", "[block_cache]") {
  void* const first = block_cache::allocate();
  void* const second = block_cache::allocate();
  block_cache::deallocate(first);
  block_cache::deallocate(second);
  CHECK(block_cache::allocate() == second);
  CHECK(block_cache::allocate() == first);
  block_cache::deallocate(first);
  block_cache::deallocate(second);
}

TEST_CASE("blocks that other threads free come back to who allocated them", "[block_cache]") {
  static constexpr std::size_t count = 1000;
  in_thread([] {
    const std::vector<void*> blocks = allocate(count);
    in_thread([&blocks] { deallocate(blocks); });
    // Behind what the thread had left of its own.
    std::set<void*> again;
    const auto is_back = [&again](void* each) { return again.contains(each); };
    while (again.size() < 100'000 && !std::all_of(blocks.begin(), blocks.end(), is_back)) {
      again.insert(block_cache::allocate());
    }
    CHECK(std::all_of(blocks.begin(), blocks.end(), is_back));
    deallocate({again.begin(), again.end()});
  });
}

TEST_CASE("a thread gets what an ended one has left, so threads that come and go need no more memory",
          "[block_cache]") {
  const auto use = [] { deallocate(allocate(1000)); };
  in_thread(use);
  for (int i = 0; i < 10; ++i) {
    in_thread([&use] { CHECK(heddle_test::allocations_in(use) == 1); });  // the vector of pointers
  }
}

TEST_CASE("objects that end after a thread's cache can still allocate and free", "[block_cache]") {
  struct late {
    void* block = nullptr;
    ~late() {
      block_cache::deallocate(block);
      block_cache::deallocate(block_cache::allocate());
    }
  };
  // A cache that such an object took and kept would be missing for the next thread.
  for (int i = 0; i < 10; ++i) {
    in_thread([] {
      // Made before the cache of the thread, so it ends after it.
      static thread_local late held;
      held.block = nullptr;
      held.block = block_cache::allocate();
    });
  }
  in_thread([] { CHECK(heddle_test::allocations_in([] { block_cache::deallocate(block_cache::allocate()); }) == 0); });
}
