// SPDX-License-Identifier: MIT
// Types whose values are their bytes, all of which may be anything: many of them are copied at once.
#pragma once

#include <array>
#include <complex>
#include <cstddef>
#include <type_traits>

#include <heddle/process/class_codec.hpp>
#include <heddle/process/scalar_codec.hpp>

namespace heddle::process {

template <class T>
struct bulk_search;

/// Numbers other than bool and long double, enums, and structs and arrays of them without padding.
template <class T>
concept is_bulk = bulk_search<T>::find();

template <class T>
struct bulk_search {
  template <class... Members>
  static consteval bool all_of(type_list<Members...>) {
    if constexpr ((is_bulk<Members> && ...))
      return (sizeof(Members) + ... + 0) == sizeof(T);
    else
      return false;
  }

  static consteval bool find() {
    if constexpr (std::is_enum_v<T>) {
      if constexpr (has_fixed_underlying_type<T>)
        return is_bulk<std::underlying_type_t<T>>;
      else
        return false;
    } else if constexpr (std::is_arithmetic_v<T>) {
      return !std::is_same_v<T, bool> && !std::is_same_v<T, long double>;
    } else if constexpr (std::is_class_v<T> && std::is_aggregate_v<T> && std::is_trivially_copyable_v<T> &&
                         std::is_copy_assignable_v<T> && std::is_standard_layout_v<T> && !std::is_empty_v<T> &&
                         !customised<T>) {
      if constexpr (can_travel<T>)
        return all_of(typename codec<T>::parts());
      else
        return false;
    } else {
      return false;
    }
  }
};

template <class T, std::size_t Size>
struct bulk_search<T[Size]> : bulk_search<T> {};

template <class T, std::size_t Size>
struct bulk_search<std::array<T, Size>> {
  static consteval bool find() { return Size != 0 && is_bulk<T> && sizeof(std::array<T, Size>) == Size * sizeof(T); }
};

template <class T>
struct bulk_search<std::complex<T>> : bulk_search<T> {};

}  // namespace heddle::process
