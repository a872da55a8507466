// SPDX-License-Identifier: MIT
// The reduction of one section of elements, in an order that depends on its length alone and keeps a processor busy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <heddle/base/accumulator.hpp>
#include <heddle/base/sectioning.hpp>
#include <heddle/base/standard_operation.hpp>

namespace heddle::base {

/// What `element(index)` gives.
template <class Element>
using element_result_t = std::invoke_result_t<const Element&, std::uint64_t>;

/// From left to right.
template <class T, class Op, class Element>
[[nodiscard]] T reduce_one_by_one(section items, const Op& op, const Element& element) {
  accumulator<T> total;
  total.begin(element(items.first));
  for (std::uint64_t i = items.first + 1; i < items.last; ++i) total.apply(op, element(i));
  return std::move(total.value());
}

/// Element i goes into lane i % 32, and the lanes are folded in halves: as many independent chains as vector units of
/// any width want, and the same additions on all of them. An operation that throws does it in the order of elements.
template <class T, class Op, class Element>
[[nodiscard]] T reduce_in_lanes(section items, const Op& op, const Element& element) {
  constexpr std::uint64_t lanes = 32;
  if (items.size() < 2 * lanes) return reduce_one_by_one<T>(items, op, element);
  T lane[lanes];
  for (std::uint64_t k = 0; k < lanes; ++k) lane[k] = static_cast<T>(element(items.first + k));
  std::uint64_t i = items.first + lanes;
#ifdef __clang__  // else it may make its vectors of several turns instead of lanes, and gather them from far apart
#pragma clang loop vectorize(disable)
#endif
  for (; items.last - i >= lanes; i += lanes) {
    for (std::uint64_t k = 0; k < lanes; ++k) lane[k] = combined<T>(op, std::move(lane[k]), element(i + k));
  }
  T folded[lanes];  // an array of its own, whose indices vary: the lanes of the loop above stay in registers
  for (std::uint64_t k = 0; k < lanes; ++k) folded[k] = lane[k];
  for (std::uint64_t k = 0; i + k < items.last; ++k) folded[k] = combined<T>(op, std::move(folded[k]), element(i + k));
  for (std::uint64_t half = lanes / 2; half != 0; half /= 2) {
    for (std::uint64_t k = 0; k < half; ++k) folded[k] = combined<T>(op, std::move(folded[k]), folded[k + half]);
  }
  return folded[0];
}

/// Four blocks, one behind the other, that take a step each in turn: the order of the elements is kept, and four
/// chains of operations run at a time. What throws is what a walk from left to right would have met first.
template <class T, class Op, class Element, std::size_t... Block>
[[nodiscard]] T reduce_in_blocks(section items, const Op& op, const Element& element,
                                 std::index_sequence<Block...> /*blocks*/) {
  constexpr std::size_t blocks = sizeof...(Block);
  const std::uint64_t length = items.size() / blocks;
  accumulator<T> block[blocks];
  std::size_t current = 0;
  std::uint64_t step = 0;
  try {
    ((current = Block, block[Block].begin(element(items.first + Block * length))), ...);
    for (step = 1; step < length; ++step) {
      ((current = Block, block[Block].apply(op, element(items.first + Block * length + step))), ...);
    }
  } catch (...) {
    for (std::size_t before = 0; before < current; ++before) {
      const std::uint64_t first = items.first + before * length;
      for (std::uint64_t i = first + step + 1; i < first + length; ++i) block[before].apply(op, element(i));
    }
    throw;
  }
  for (std::uint64_t i = items.first + blocks * length; i < items.last; ++i) block[blocks - 1].apply(op, element(i));
  ((Block == 0 ? void() : block[0].apply(op, std::move(block[Block].value()))), ...);
  return std::move(block[0].value());
}

/// The reduction of the elements in `items`, of which there is one at least, by `op`, which is associative:
/// `element(index)` is called once for each.
template <class T, class Op, class Element>
[[nodiscard]] T reduce_section(section items, const Op& op, const Element& element) {
  constexpr std::uint64_t blocks = 4;
  if constexpr (reorderable_operation<Op, T> && std::is_arithmetic_v<std::remove_cvref_t<element_result_t<Element>>>) {
    return reduce_in_lanes<T>(items, op, element);
  } else if (items.size() < 8 * blocks) {
    return reduce_one_by_one<T>(items, op, element);
  } else {
    return reduce_in_blocks<T>(items, op, element, std::make_index_sequence<blocks>());
  }
}

}  // namespace heddle::base
