// SPDX-License-Identifier: MIT
// The seam between heddle and AddressSanitizer: memory that is kept for reuse, and that nobody may touch meanwhile.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define HEDDLE_POISONS
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HEDDLE_POISONS
#endif
#endif

#ifdef HEDDLE_POISONS
#undef HEDDLE_POISONS
#include <sanitizer/asan_interface.h>

namespace heddle::base {

inline void poison(const void* memory, std::size_t size) noexcept { __asan_poison_memory_region(memory, size); }
inline void unpoison(const void* memory, std::size_t size) noexcept { __asan_unpoison_memory_region(memory, size); }

}  // namespace heddle::base

#else

namespace heddle::base {

inline void poison(const void*, std::size_t) noexcept {}
inline void unpoison(const void*, std::size_t) noexcept {}

}  // namespace heddle::base

#endif
