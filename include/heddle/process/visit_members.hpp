// SPDX-License-Identifier: MIT
// Calls a function with the members of a struct.
#pragma once

#include <cstddef>
#include <type_traits>

#include <heddle/process/aggregate.hpp>

namespace heddle::process {

/// Calls `visit.template operator()<Types...>(members...)` with the members of an aggregate, which are `Count`, and
/// their declared types. One line for each number: structured bindings have no other way.
template <std::size_t Count, class T, class Visit>
constexpr decltype(auto) visit_members(T& value, const Visit& visit) {
  if constexpr (Count == 0) {
    return visit.template operator()<>();
  } else if constexpr (Count == 1) {
    auto& [m1] = value;
    return visit.template operator()<decltype(m1)>(m1);
  } else if constexpr (Count == 2) {
    auto& [m1, m2] = value;
    return visit.template operator()<decltype(m1), decltype(m2)>(m1, m2);
  } else if constexpr (Count == 3) {
    auto& [m1, m2, m3] = value;
    return visit.template operator()<decltype(m1), decltype(m2), decltype(m3)>(m1, m2, m3);
  } else if constexpr (Count == 4) {
    auto& [m1, m2, m3, m4] = value;
    return visit.template operator()<decltype(m1), decltype(m2), decltype(m3), decltype(m4)>(m1, m2, m3, m4);
  } else if constexpr (Count == 5) {
    auto& [m1, m2, m3, m4, m5] = value;
    return visit.template operator()<decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5)>(m1, m2, m3,
                                                                                                           m4, m5);
  } else if constexpr (Count == 6) {
    auto& [m1, m2, m3, m4, m5, m6] = value;
    return visit
        .template operator()<decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6)>(
            m1, m2, m3, m4, m5, m6);
  } else if constexpr (Count == 7) {
    auto& [m1, m2, m3, m4, m5, m6, m7] = value;
    return visit.template operator()<decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6),
                                     decltype(m7)>(m1, m2, m3, m4, m5, m6, m7);
  } else if constexpr (Count == 8) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8] = value;
    return visit.template operator()<decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6),
                                     decltype(m7), decltype(m8)>(m1, m2, m3, m4, m5, m6, m7, m8);
  } else if constexpr (Count == 9) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9] = value;
    return visit.template operator()<decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6),
                                     decltype(m7), decltype(m8), decltype(m9)>(m1, m2, m3, m4, m5, m6, m7, m8, m9);
  } else if constexpr (Count == 10) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10] = value;
    return visit.template operator()<decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6),
                                     decltype(m7), decltype(m8), decltype(m9), decltype(m10)>(m1, m2, m3, m4, m5, m6,
                                                                                              m7, m8, m9, m10);
  } else if constexpr (Count == 11) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11] = value;
    return visit.template operator()<decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6),
                                     decltype(m7), decltype(m8), decltype(m9), decltype(m10), decltype(m11)>(
        m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11);
  } else if constexpr (Count == 12) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12] = value;
    return visit
        .template operator()<decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6),
                             decltype(m7), decltype(m8), decltype(m9), decltype(m10), decltype(m11), decltype(m12)>(
            m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12);
  } else if constexpr (Count == 13) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13] = value;
    return visit.template
    operator()<decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6), decltype(m7),
               decltype(m8), decltype(m9), decltype(m10), decltype(m11), decltype(m12), decltype(m13)>(
        m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13);
  } else if constexpr (Count == 14) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14] = value;
    return visit.template
    operator()<decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6), decltype(m7),
               decltype(m8), decltype(m9), decltype(m10), decltype(m11), decltype(m12), decltype(m13), decltype(m14)>(
        m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14);
  } else if constexpr (Count == 15) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15] = value;
    return visit.template operator()<decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6),
                                     decltype(m7), decltype(m8), decltype(m9), decltype(m10), decltype(m11),
                                     decltype(m12), decltype(m13), decltype(m14), decltype(m15)>(
        m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15);
  } else if constexpr (Count == 16) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16] = value;
    return visit.template operator()<decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6),
                                     decltype(m7), decltype(m8), decltype(m9), decltype(m10), decltype(m11),
                                     decltype(m12), decltype(m13), decltype(m14), decltype(m15), decltype(m16)>(
        m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16);
  }
}

}  // namespace heddle::process
