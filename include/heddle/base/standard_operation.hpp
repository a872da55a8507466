// SPDX-License-Identifier: MIT
// The operations of the standard library that give the same for numbers in any order.
#pragma once

#include <algorithm>
#include <type_traits>
#include <version>

// std::plus and its like without the rest of <functional>, which is a tenth of what including a loop costs: libstdc++
// keeps them in a header of their own, and <string> includes it.
#ifdef __GLIBCXX__
#include <bits/stl_function.h>
#else
#include <functional>
#endif

namespace heddle::base {

template <class Op, template <class> class Standard, class T>
inline constexpr bool is_standard = std::is_same_v<Op, Standard<void>> || std::is_same_v<Op, Standard<T>>;

/// std::plus, multiplies, bit_and, bit_or or bit_xor, as `<>` or as `<T>`, or std::ranges::min or max, for values of an
/// arithmetic type T. Of a floating-point type the value may be another in another order, but not its meaning.
///
/// Function pointers such as `std::max<double>` are not recognised: their type does not say what they do.
template <class Op, class T>
concept reorderable_operation =
    std::is_arithmetic_v<T> &&
    (is_standard<Op, std::plus, T> || is_standard<Op, std::multiplies, T> || is_standard<Op, std::bit_and, T> ||
     is_standard<Op, std::bit_or, T> || is_standard<Op, std::bit_xor, T> ||
     std::is_same_v<Op, std::remove_cv_t<decltype(std::ranges::min)>> ||
     std::is_same_v<Op, std::remove_cv_t<decltype(std::ranges::max)>>);

/// `op(value, x)`. Integers are added and multiplied modulo 2^bits: in another order a part may overflow where the
/// whole does not.
template <class T, class X, reorderable_operation<T> Op>
[[nodiscard]] constexpr T apply_reorderable(const Op& op, T value, X x) {
  if constexpr (std::is_integral_v<T> && std::is_integral_v<X> && !std::is_same_v<T, bool>) {
    // Not narrower than unsigned, so that nothing is promoted to int.
    using modular = std::common_type_t<std::make_unsigned_t<T>, unsigned>;
    if constexpr (is_standard<Op, std::plus, T>) {
      return static_cast<T>(static_cast<modular>(value) + static_cast<modular>(x));
    } else if constexpr (is_standard<Op, std::multiplies, T>) {
      return static_cast<T>(static_cast<modular>(value) * static_cast<modular>(x));
    } else {
      return static_cast<T>(op(value, x));
    }
  } else {
    return static_cast<T>(op(value, x));
  }
}

}  // namespace heddle::base
