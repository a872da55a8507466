// SPDX-License-Identifier: MIT
// The running totals of one section of elements, in an order that depends on its length alone and keeps a processor
// busy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <heddle/base/accumulator.hpp>
#include <heddle/base/reduce_section.hpp>
#include <heddle/base/sectioning.hpp>
#include <heddle/base/standard_operation.hpp>

namespace heddle::base {

/// What the running total of an element has in it: the element too, or only those before it.
enum class scan_kind { inclusive, exclusive };

/// Moves `running`, which is not empty, over the element `index`, and gives `put` the element's running total. The
/// element has been read by then: `put` may write where it is.
template <scan_kind Kind, class T, class Op, class Element, class Put>
void scan_one(std::uint64_t index, accumulator<T>& running, const Op& op, const Element& element, const Put& put) {
  if constexpr (Kind == scan_kind::inclusive) {
    running.apply(op, element(index));
    put(index, std::as_const(running.value()));
  } else {
    T before(std::as_const(running.value()));
    running.apply(op, element(index));
    put(index, std::move(before));
  }
}

/// The same, where `running` is empty if nothing is before the element.
template <scan_kind Kind, class T, class Op, class Element, class Put>
void scan_first(std::uint64_t index, accumulator<T>& running, const Op& op, const Element& element, const Put& put) {
  if constexpr (Kind == scan_kind::inclusive) {
    if (running.is_empty()) {
      running.begin(element(index));
      return put(index, std::as_const(running.value()));
    }
  }
  scan_one<Kind>(index, running, op, element, put);
}

/// From left to right.
template <scan_kind Kind, class T, class Op, class Element, class Put>
void scan_one_by_one(section items, accumulator<T>& running, const Op& op, const Element& element, const Put& put) {
  scan_first<Kind>(items.first, running, op, element, put);
  for (std::uint64_t i = items.first + 1; i < items.last; ++i) scan_one<Kind>(i, running, op, element, put);
}

/// `total`, which may be empty, becomes that of what it was and `more`.
template <class T, class Op>
void extend(accumulator<T>& total, const Op& op, const T& more) {
  total.is_empty() ? total.begin(more) : total.apply(op, T(more));
}

/// Any operation: the four blocks of reduce_section(), whose totals say where each begins.
template <class T, class Op, class Element>
class blocked_scan {
 public:
  blocked_scan(const Op& op, const Element& element) noexcept : op_(op), element_(element) {}

  /// Of a section that was reduced: the totals of its blocks, if it has any.
  struct summary {
    accumulator<T> block[block_count];
  };

  /// The total of a section of one element at least.
  [[nodiscard]] T reduce(section items, summary& found) const {
    if (items.size() < worth_blocks) return reduce_one_by_one<T>(items, op_, element_);
    reduce_blocks(items, op_, element_, found.block);
    accumulator<T> total;
    total.begin(std::as_const(found.block[0].value()));
    for (std::size_t k = 1; k < block_count; ++k) total.apply(op_, T(std::as_const(found.block[k].value())));
    return std::move(total.value());
  }

  /// Gives `put` the running totals of a section that was reduced. `before` is that of all before it, or empty.
  template <scan_kind Kind, class Put>
  void scan(section items, accumulator<T>& before, summary& found, const Put& put) const {
    accumulator<T> running[block_count];
    if (!before.is_empty()) running[0].begin(std::as_const(before.value()));
    if (items.size() < worth_blocks) return scan_one_by_one<Kind>(items, running[0], op_, element_, put);
    try {
      for (std::size_t k = 1; k < block_count; ++k) {
        if (!running[k - 1].is_empty()) running[k].begin(std::as_const(running[k - 1].value()));
        extend(running[k], op_, std::as_const(found.block[k - 1].value()));
      }
    } catch (...) {
      scan_one_by_one<Kind>(items, running[0], op_, element_, put);  // throws what is met first
      throw;
    }
    walk_in_blocks(
        items, [&](auto block, std::uint64_t i) { scan_first<Kind>(i, running[block], op_, element_, put); },
        [&](auto block, std::uint64_t i) { scan_one<Kind>(i, running[block], op_, element_, put); },
        std::make_index_sequence<block_count>());
  }

 private:
  const Op& op_;
  const Element& element_;
};

/// Arithmetic, by groups of eight elements: what they come to among themselves needs no other group, and to go on with
/// that is one operation for each group. Else each element would wait for the result of the one before.
template <class T, class Op, class Element>
class grouped_scan {
 public:
  grouped_scan(const Op& op, const Element& element) noexcept : op_(op), element_(element) {}

  struct summary {};

  /// The total of a section of one element at least.
  [[nodiscard]] T reduce(section items, summary& /*found*/) const {
    T total = static_cast<T>(element_(items.first));
    std::uint64_t i = items.first + 1;
    for (; items.last - i >= group; i += group) {
      T sum = static_cast<T>(element_(i));
      for (std::uint64_t k = 1; k < group; ++k) sum = combined<T>(op_, std::move(sum), element_(i + k));
      total = combined<T>(op_, std::move(total), sum);
    }
    for (; i < items.last; ++i) total = combined<T>(op_, std::move(total), element_(i));
    return total;
  }

  /// Gives `put` the running totals of a section, and returns what reduce() does, to the last bit. `before` is the
  /// total of all before it, or empty.
  template <scan_kind Kind, class Put>
  T scan(section items, accumulator<T>& before, summary& /*found*/, const Put& put) const {
    T total = static_cast<T>(element_(items.first));
    T running = before.is_empty() ? total : combined<T>(op_, T(before.value()), total);
    put(items.first, std::as_const(Kind == scan_kind::inclusive ? running : before.value()));
    std::uint64_t i = items.first + 1;
    for (; items.last - i >= group; i += group) {
      T sums[group] = {static_cast<T>(element_(i))};
      for (std::uint64_t k = 1; k < group; ++k) sums[k] = combined<T>(op_, T(sums[k - 1]), element_(i + k));
      put_group<Kind>(i, running, sums, put);
      running = combined<T>(op_, std::move(running), sums[group - 1]);
      total = combined<T>(op_, std::move(total), sums[group - 1]);
    }
    for (; i < items.last; ++i) {
      const std::remove_cvref_t<element_result_t<Element>> x = element_(i);
      if constexpr (Kind == scan_kind::exclusive) put(i, std::as_const(running));
      running = combined<T>(op_, std::move(running), x);
      total = combined<T>(op_, std::move(total), x);
      if constexpr (Kind == scan_kind::inclusive) put(i, std::as_const(running));
    }
    return total;
  }

 private:
  static constexpr std::uint64_t group = 8;

  template <scan_kind Kind, class Put>
  void put_group(std::uint64_t first, const T& before, const T (&sums)[group], const Put& put) const {
    if constexpr (Kind == scan_kind::inclusive) {
      for (std::uint64_t k = 0; k < group; ++k) put(first + k, combined<T>(op_, T(before), sums[k]));
    } else {
      put(first, before);
      for (std::uint64_t k = 1; k < group; ++k) put(first + k, combined<T>(op_, T(before), sums[k - 1]));
    }
  }

  const Op& op_;
  const Element& element_;
};

}  // namespace heddle::base
