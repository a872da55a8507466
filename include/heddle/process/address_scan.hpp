// SPDX-License-Identifier: MIT
// Looks for addresses of this process in bytes that are about to leave it, where they mean nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#include <unistd.h>
#endif

#include <heddle/sync/stack_bounds.hpp>

namespace heddle::process {

/// What the bytes of an object look like.
enum class address_finding {
  none,
  likely,   ///< a word is an address of this process, or numbers that look like one
  certain,  ///< every word is an address on the calling thread's stack, near its top
};

/// Whether there is memory at this address. Where the system does not say: no.
[[nodiscard]] inline bool is_mapped([[maybe_unused]] std::uint64_t address) noexcept {
#if defined(__unix__) || defined(__APPLE__)
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
#ifdef __APPLE__
  char answer;
#else
  unsigned char answer;
#endif
  return ::mincore(reinterpret_cast<void*>(static_cast<std::uintptr_t>(address / page * page)), 1, &answer) == 0;
#else
  return false;
#endif
}

/// Whether a word may be an address at all: small numbers are none in any process of 64 bits.
[[nodiscard]] constexpr bool is_like_an_address(std::uint64_t word) noexcept {
  return word >= std::uint64_t{1} << 32U && word < std::uint64_t{1} << 47U;
}

/// Looks at each word of an object of this alignment; in a 32-bit process at none. Two numbers in one word can look
/// like an address. But an object with this alignment has a member that is a whole word, so where all of them are
/// addresses of the same small part of the stack, that one is no coincidence.
///
/// A diagnostic and no guarantee: addresses on the heap are mapped, but so may be what a number looks like; an address
/// that is packed, encoded or in the middle of a large frame is not found.
[[nodiscard, gnu::noinline]] inline address_finding find_addresses(std::span<const std::byte> object,
                                                                   std::size_t alignment) noexcept {
  constexpr std::size_t word_size = sizeof(std::uint64_t);
  if (sizeof(void*) != word_size || alignment < word_size) return address_finding::none;
  constexpr std::uint64_t near = std::uint64_t{64} << 10U;
  const std::uint64_t top = sync::stack_position();  // below the caller's variables: this is not inlined
  bool some = false;
  bool all_on_stack = object.size() >= word_size;
  for (std::size_t at = 0; at + word_size <= object.size(); at += word_size) {
    std::uint64_t word = 0;
    std::memcpy(&word, object.data() + at, word_size);
    if (word - top < near) {
      some = true;
      continue;
    }
    all_on_stack = false;
    some = some || (is_like_an_address(word) && is_mapped(word));
  }
  if (all_on_stack) return address_finding::certain;
  return some ? address_finding::likely : address_finding::none;
}

}  // namespace heddle::process
