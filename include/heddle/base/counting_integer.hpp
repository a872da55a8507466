// SPDX-License-Identifier: MIT
// The integer types that count or index something.
#pragma once

#include <concepts>
#include <cstdint>

namespace heddle::base {

/// Any integer type of up to 64 bits but bool and the character types, which are almost always a slip.
template <class T>
concept counting_integer =
    std::integral<T> && sizeof(T) <= sizeof(std::int64_t) && !std::same_as<T, bool> && !std::same_as<T, char> &&
    !std::same_as<T, wchar_t> && !std::same_as<T, char8_t> && !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;

}  // namespace heddle::base
