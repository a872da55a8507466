// SPDX-License-Identifier: MIT
// Reading memory that somebody else may change meanwhile: what was read is a value of its own, and is not read again.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

namespace heddle::base {

/// From here on the compiler takes these bytes for what they are, and not for what they were copied from: otherwise it
/// may read the origin a second time instead.
inline void forget_origin([[maybe_unused]] std::span<std::byte> bytes) noexcept {
#if defined(__GNUC__) || defined(__clang__)
  asm volatile("" : : "r"(bytes.data()) : "memory");
#endif
}

template <std::size_t Size>
using unsigned_of_size = std::conditional_t<
    Size == 1, std::uint8_t,
    std::conditional_t<Size == 2, std::uint16_t, std::conditional_t<Size == 4, std::uint32_t, std::uint64_t>>>;

/// The number that lies at an address, aligned or not. Whatever is found out about the result holds for the result:
/// the compiler cannot read it again.
template <class T>
  requires std::is_arithmetic_v<T>
[[nodiscard]] inline T read_once(const std::byte* from) noexcept {
  if constexpr (sizeof(T) <= sizeof(void*)) {
    unsigned_of_size<sizeof(T)> bits;
    std::memcpy(&bits, from, sizeof(bits));
#if defined(__GNUC__) || defined(__clang__)
    asm("" : "+r"(bits));
#endif
    return std::bit_cast<T>(bits);
  } else {
    T value;
    std::memcpy(&value, from, sizeof(value));
    forget_origin(std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }
}

}  // namespace heddle::base
