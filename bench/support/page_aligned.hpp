// SPDX-License-Identifier: MIT
// Arrays that begin with a page: where one begins by chance, vectors cross cache lines in one program and not in the
// next, and matrices take up to half again as long.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace heddle_bench {

template <class T>
struct page_allocator {
  using value_type = T;

  page_allocator() noexcept = default;
  template <class U>
  explicit page_allocator(const page_allocator<U>&) noexcept {}

  [[nodiscard]] T* allocate(std::size_t count) {
    return static_cast<T*>(::operator new(count * sizeof(T), std::align_val_t{4096}));
  }
  void deallocate(T* first, std::size_t) noexcept { ::operator delete(first, std::align_val_t{4096}); }

  friend bool operator==(const page_allocator&, const page_allocator&) noexcept { return true; }
};

template <class T>
using page_aligned = std::vector<T, page_allocator<T>>;

}  // namespace heddle_bench
