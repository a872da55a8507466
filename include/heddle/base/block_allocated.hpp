// SPDX-License-Identifier: MIT
// For classes whose objects come and go in great numbers: `new` takes a block of the thread's cache if one is enough.
#pragma once

#include <cstddef>
#include <new>

#include <heddle/base/block_cache.hpp>

namespace heddle::base {

/// A base without members. Objects are to be deleted as what they were made: the size says where they came from.
class block_allocated {
 public:
  static void* operator new(std::size_t size) {
    return size <= block_cache::block_size ? block_cache::allocate() : ::operator new(size);
  }
  static void operator delete(void* memory, std::size_t size) noexcept {
    if (size <= block_cache::block_size) {
      block_cache::deallocate(memory);
    } else {
      ::operator delete(memory);
    }
  }

  // A block is aligned to its size.
  static void* operator new(std::size_t size, std::align_val_t alignment) {
    return fits(size, alignment) ? block_cache::allocate() : ::operator new(size, alignment);
  }
  static void operator delete(void* memory, std::size_t size, std::align_val_t alignment) noexcept {
    if (fits(size, alignment)) {
      block_cache::deallocate(memory);
    } else {
      ::operator delete(memory, alignment);
    }
  }

  static void* operator new(std::size_t, void* memory) noexcept { return memory; }
  static void operator delete(void*, void*) noexcept {}

 protected:
  block_allocated() noexcept = default;
  ~block_allocated() = default;

 private:
  static bool fits(std::size_t size, std::align_val_t alignment) noexcept {
    return size <= block_cache::block_size && static_cast<std::size_t>(alignment) <= block_cache::block_size;
  }
};

}  // namespace heddle::base
