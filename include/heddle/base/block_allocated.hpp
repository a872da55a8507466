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
    if (size <= block_cache::block_size) return block_cache::allocate();
    return size <= large_block_cache::block_size ? large_block_cache::allocate() : ::operator new(size);
  }
  static void operator delete(void* memory, std::size_t size) noexcept {
    if (size <= block_cache::block_size) return block_cache::deallocate(memory);
    size <= large_block_cache::block_size ? large_block_cache::deallocate(memory) : ::operator delete(memory);
  }

  // A block is aligned to its size.
  static void* operator new(std::size_t size, std::align_val_t alignment) {
    const std::size_t room = room_for(size, alignment);
    return room <= large_block_cache::block_size ? operator new(room) : ::operator new(size, alignment);
  }
  static void operator delete(void* memory, std::size_t size, std::align_val_t alignment) noexcept {
    const std::size_t room = room_for(size, alignment);
    room <= large_block_cache::block_size ? operator delete(memory, room) : ::operator delete(memory, alignment);
  }

  static void* operator new(std::size_t, void* memory) noexcept { return memory; }
  static void operator delete(void*, void*) noexcept {}

 protected:
  block_allocated() noexcept = default;
  ~block_allocated() = default;

 private:
  static std::size_t room_for(std::size_t size, std::align_val_t alignment) noexcept {
    const auto least = static_cast<std::size_t>(alignment);
    return size < least ? least : size;
  }
};

}  // namespace heddle::base
