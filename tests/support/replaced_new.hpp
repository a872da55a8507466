// SPDX-License-Identifier: MIT
// Replaces operator new and operator delete of the whole program. One source of a program includes this, and defines
// the two functions that all of them come to.
#pragma once

#include <cstddef>
#include <new>

namespace heddle_test {

/// nullptr if there is no memory: then the operator throws std::bad_alloc, or returns it.
void* replaced_new(std::size_t size, std::size_t alignment) noexcept;
/// Not inlined: GCC takes free() after a replaced operator new for a mismatch where it sees both.
[[gnu::noinline]] void replaced_delete(void* memory) noexcept;

inline void* new_or_throw(std::size_t size, std::size_t alignment = alignof(std::max_align_t)) {
  void* const memory = replaced_new(size, alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace heddle_test

// All forms: a sanitizer supplies each that is missing here.
// NOLINTBEGIN(misc-definitions-in-headers)
void* operator new(std::size_t size) { return heddle_test::new_or_throw(size); }
void* operator new[](std::size_t size) { return heddle_test::new_or_throw(size); }
void* operator new(std::size_t size, std::align_val_t a) {
  return heddle_test::new_or_throw(size, static_cast<std::size_t>(a));
}
void* operator new[](std::size_t size, std::align_val_t a) {
  return heddle_test::new_or_throw(size, static_cast<std::size_t>(a));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return heddle_test::replaced_new(size, alignof(std::max_align_t));
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return heddle_test::replaced_new(size, alignof(std::max_align_t));
}
void* operator new(std::size_t size, std::align_val_t a, const std::nothrow_t&) noexcept {
  return heddle_test::replaced_new(size, static_cast<std::size_t>(a));
}
void* operator new[](std::size_t size, std::align_val_t a, const std::nothrow_t&) noexcept {
  return heddle_test::replaced_new(size, static_cast<std::size_t>(a));
}
void operator delete(void* memory) noexcept { heddle_test::replaced_delete(memory); }
void operator delete[](void* memory) noexcept { heddle_test::replaced_delete(memory); }
void operator delete(void* memory, std::size_t) noexcept { heddle_test::replaced_delete(memory); }
void operator delete[](void* memory, std::size_t) noexcept { heddle_test::replaced_delete(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { heddle_test::replaced_delete(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { heddle_test::replaced_delete(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { heddle_test::replaced_delete(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { heddle_test::replaced_delete(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { heddle_test::replaced_delete(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { heddle_test::replaced_delete(memory); }
void operator delete(void* memory, std::align_val_t, const std::nothrow_t&) noexcept {
  heddle_test::replaced_delete(memory);
}
void operator delete[](void* memory, std::align_val_t, const std::nothrow_t&) noexcept {
  heddle_test::replaced_delete(memory);
}
// NOLINTEND(misc-definitions-in-headers)
