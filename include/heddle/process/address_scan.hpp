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

/// Whether a word may be an address at all: in processes of 64 bits, programs, heaps and stacks are far from 0.
[[nodiscard]] constexpr bool is_like_an_address(std::uint64_t word) noexcept {
  return word >= std::uint64_t{1} << 40U && word < std::uint64_t{1} << 48U;
}

enum class words { all, any };

/// Whether `is_one(word)` for all or any words of an object of this alignment; false for an object that has no words,
/// and in a 32-bit process, where each number is like an address.
template <class Is>
[[nodiscard]] bool among(words quantifier, std::span<const std::byte> object, std::size_t alignment,
                         Is is_one) noexcept {
  constexpr std::size_t word_size = sizeof(std::uint64_t);
  if (sizeof(void*) != word_size || alignment < word_size || object.size() < word_size) return false;
  for (std::size_t at = 0; at + word_size <= object.size(); at += word_size) {
    std::uint64_t word = 0;
    std::memcpy(&word, object.data() + at, word_size);
    if (is_one(word) != (quantifier == words::all)) return quantifier == words::any;
  }
  return quantifier == words::all;
}

/// Whether each word of an object of this alignment is an address on the calling thread's stack, near its top. Two
/// numbers in one word can look like that. But an object with this alignment has a member that is a whole word, and
/// that one is no coincidence.
[[nodiscard, gnu::noinline]] inline bool holds_only_stack_addresses(std::span<const std::byte> object,
                                                                    std::size_t alignment) noexcept {
  constexpr std::uint64_t near = std::uint64_t{64} << 10U;
  const std::uint64_t top = sync::stack_position();  // below the caller's variables: this is not inlined
  return among(words::all, object, alignment, [&](std::uint64_t word) { return word - top < near; });
}

/// Whether a word of an object of this alignment looks like an address where there is memory: some 300 ns for each that
/// looks like an address. A diagnostic and no guarantee: two numbers can look like that, and an address that is packed
/// or encoded does not.
[[nodiscard]] inline bool seems_to_hold_address(std::span<const std::byte> object, std::size_t alignment) noexcept {
  return among(words::any, object, alignment,
               [](std::uint64_t word) { return is_like_an_address(word) && is_mapped(word); });
}

}  // namespace heddle::process
