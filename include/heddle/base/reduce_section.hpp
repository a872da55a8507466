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
    if constexpr (requires { element.template prefetch_page_behind<lanes>(i); }) {
      element.template prefetch_page_behind<lanes>(i);
    }
    for (std::uint64_t k = 0; k < lanes; ++k) lane[k] = combined<T>(op, std::move(lane[k]), element(i + k));
  }
  T folded[lanes];  // an array of its own, whose indices vary: the lanes of the loop above stay in registers
  for (std::uint64_t k = 0; k < lanes; ++k) folded[k] = lane[k];
#ifdef __clang__  // else its vectors have two elements, as the last fold has, in the loop above too
  asm volatile("" : : "r"(folded) : "memory");
#endif
  for (std::uint64_t k = 0; i + k < items.last; ++k) folded[k] = combined<T>(op, std::move(folded[k]), element(i + k));
  for (std::uint64_t half = lanes / 2; half != 0; half /= 2) {
    for (std::uint64_t k = 0; k < half; ++k) folded[k] = combined<T>(op, std::move(folded[k]), folded[k + half]);
  }
  return folded[0];
}

/// Four blocks, one behind the other, that take a step each in turn: each keeps the order of its elements, and four
/// chains of operations run at a time. The first step of a block is `begin(block, index)`, the others are `step(block,
/// index)`. What throws is what a walk from left to right would have met first. There are four elements at least.
template <class Begin, class Step, std::size_t... Block>
void walk_in_blocks(section items, const Begin& begin, const Step& step, std::index_sequence<Block...> /*blocks*/) {
  constexpr std::size_t blocks = sizeof...(Block);
  const std::uint64_t length = items.size() / blocks;
  std::size_t current = 0;
  std::uint64_t done = 0;
  try {
    ((current = Block, begin(std::integral_constant<std::size_t, Block>(), items.first + Block * length)), ...);
    for (done = 1; done < length; ++done) {
      ((current = Block, step(std::integral_constant<std::size_t, Block>(), items.first + Block * length + done)), ...);
    }
  } catch (...) {
    for (std::size_t before = 0; before < current; ++before) {
      const std::uint64_t first = items.first + before * length;
      for (std::uint64_t i = first + done + 1; i < first + length; ++i) step(before, i);
    }
    throw;
  }
  for (std::uint64_t i = items.first + blocks * length; i < items.last; ++i) step(blocks - 1, i);
}

/// How many blocks walk_in_blocks() makes, and for how many elements they are worth it.
inline constexpr std::size_t block_count = 4;
inline constexpr std::uint64_t worth_blocks = 8 * block_count;

/// The total of each block.
template <class T, class Op, class Element>
void reduce_blocks(section items, const Op& op, const Element& element, accumulator<T> (&block)[block_count]) {
  walk_in_blocks(
      items, [&](auto index, std::uint64_t i) { block[index].begin(element(i)); },
      [&](auto index, std::uint64_t i) { block[index].apply(op, element(i)); },
      std::make_index_sequence<block_count>());
}

template <class T, class Op, class Element>
[[nodiscard]] T reduce_in_blocks(section items, const Op& op, const Element& element) {
  accumulator<T> block[block_count];
  reduce_blocks(items, op, element, block);
  for (std::size_t k = 1; k < block_count; ++k) block[0].apply(op, std::move(block[k].value()));
  return std::move(block[0].value());
}

/// The reduction of the elements in `items`, of which there is one at least, by `op`, which is associative:
/// `element(index)` is called once for each.
template <class T, class Op, class Element>
[[nodiscard]] T reduce_section(section items, const Op& op, const Element& element) {
  if constexpr (reorderable_operation<Op, T> && std::is_arithmetic_v<std::remove_cvref_t<element_result_t<Element>>>) {
    return reduce_in_lanes<T>(items, op, element);
  } else if (items.size() < worth_blocks) {
    return reduce_one_by_one<T>(items, op, element);
  } else {
    return reduce_in_blocks<T>(items, op, element);
  }
}

}  // namespace heddle::base
