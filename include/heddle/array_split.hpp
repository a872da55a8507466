// SPDX-License-Identifier: MIT
// NumPy's array_split and split: a range as consecutive parts, each a view of it.
#pragma once

#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <ranges>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <heddle/base/counting_integer.hpp>
#include <heddle/base/sectioning.hpp>

namespace heddle {

/// What a number of sections or an index can be.
template <class T>
concept split_integer = base::counting_integer<T>;

using base::section;
using base::section_bounds;

/// Whether `array_split` can cut an `R`: it has a size, and any position is reached in constant time.
template <class R>
concept splittable_range = std::ranges::sized_range<R> && std::ranges::random_access_range<R>;

/// A part of a range whose iterators are `Iterator`: a `std::span` where that is a pointer, else a `subrange`.
template <std::random_access_iterator Iterator>
struct range_part {
  using type = std::ranges::subrange<Iterator>;
};
template <class T>
struct range_part<T*> {
  using type = std::span<T>;
};
template <std::random_access_iterator Iterator>
using range_part_t = typename range_part<Iterator>::type;

/// The part of the range that begins at `begin` which covers the positions of `bounds`.
template <std::random_access_iterator Iterator>
[[nodiscard]] constexpr range_part_t<Iterator> part_of(Iterator begin, section bounds) {
  using distance = std::iter_difference_t<Iterator>;
  const Iterator first = begin + static_cast<distance>(bounds.first);
  return range_part_t<Iterator>(first, first + static_cast<distance>(bounds.size()));
}

/// Where `range` begins: a pointer if it is contiguous, so that its parts are spans.
template <splittable_range R>
[[nodiscard]] constexpr auto split_begin(R& range) {
  if constexpr (std::ranges::contiguous_range<R>) {
    return std::ranges::data(range);
  } else {
    return std::ranges::begin(range);
  }
}

/// What `array_split(range, sections)` returns: a random-access view of the parts, each computed when it is asked for.
///
/// It allocates nothing and refers to the elements, not to the object that was split; its iterators outlive it.
template <std::random_access_iterator Iterator>
class array_sections : public std::ranges::view_interface<array_sections<Iterator>> {
 public:
  class iterator;
  using part = range_part_t<Iterator>;

  constexpr array_sections() = default;
  constexpr array_sections(Iterator begin, std::uint64_t size, std::uint64_t sections)
      : begin_(begin), rule_(size, sections), count_(sections) {}

  [[nodiscard]] constexpr iterator begin() const { return {begin_, rule_, 0}; }
  [[nodiscard]] constexpr iterator end() const { return {begin_, rule_, count_}; }
  [[nodiscard]] constexpr std::uint64_t size() const noexcept { return count_; }

  template <split_integer Index>
  [[nodiscard]] constexpr part operator[](Index index) const {
    return part_of(begin_, rule_[static_cast<std::uint64_t>(index)]);
  }

 private:
  Iterator begin_{};
  base::sectioning rule_;
  std::uint64_t count_ = 0;
};

template <std::random_access_iterator Iterator>
class array_sections<Iterator>::iterator {
 public:
  using value_type = part;
  using difference_type = std::int64_t;
  using iterator_concept = std::random_access_iterator_tag;
  using iterator_category = std::input_iterator_tag;  // of C++17, where a forward iterator returns references

  constexpr iterator() = default;
  constexpr iterator(Iterator begin, base::sectioning rule, std::uint64_t index)
      : begin_(begin), rule_(rule), index_(index) {}

  [[nodiscard]] constexpr part operator*() const { return part_of(begin_, rule_[index_]); }
  [[nodiscard]] constexpr part operator[](difference_type offset) const { return *(*this + offset); }

  constexpr iterator& operator+=(difference_type offset) {
    index_ += static_cast<std::uint64_t>(offset);
    return *this;
  }
  constexpr iterator& operator-=(difference_type offset) {
    index_ -= static_cast<std::uint64_t>(offset);
    return *this;
  }
  constexpr iterator& operator++() { return *this += 1; }
  constexpr iterator& operator--() { return *this -= 1; }
  constexpr iterator operator++(int) {
    const iterator before = *this;
    ++*this;
    return before;
  }
  constexpr iterator operator--(int) {
    const iterator before = *this;
    --*this;
    return before;
  }

  friend constexpr iterator operator+(iterator from, difference_type offset) { return from += offset; }
  friend constexpr iterator operator+(difference_type offset, iterator from) { return from += offset; }
  friend constexpr iterator operator-(iterator from, difference_type offset) { return from -= offset; }
  friend constexpr difference_type operator-(const iterator& to, const iterator& from) {
    return static_cast<difference_type>(to.index_ - from.index_);
  }
  friend constexpr bool operator==(const iterator& a, const iterator& b) { return a.index_ == b.index_; }
  friend constexpr std::strong_ordering operator<=>(const iterator& a, const iterator& b) {
    return a.index_ <=> b.index_;
  }

 private:
  Iterator begin_{};
  base::sectioning rule_;
  std::uint64_t index_ = 0;
};

/// An index as a Python slice has it: negative counts from the end, beyond either end means that end. Any integer
/// converts to it, so that the indices of one list need not have one type.
class slice_index {
 public:
  template <split_integer Integer>
  constexpr slice_index(Integer index) noexcept  // NOLINT(google-explicit-constructor): {n / 2, -1} is the point
      : from_end_(std::cmp_less(index, 0)),
        distance_(from_end_ ? 0 - static_cast<std::uint64_t>(index) : static_cast<std::uint64_t>(index)) {}

  /// The position it means in a range of `size` elements: at least 0, at most `size`.
  [[nodiscard]] constexpr std::uint64_t in(std::uint64_t size) const noexcept {
    const std::uint64_t within = distance_ < size ? distance_ : size;
    return from_end_ ? size - within : within;
  }

 private:
  bool from_end_;
  std::uint64_t distance_;
};

/// `sections` if it can be a number of parts, else throws std::invalid_argument: it must be 1 or more, and less than
/// 2^63, which also catches a negative number that was converted to an unsigned type.
template <split_integer Sections>
[[nodiscard]] constexpr std::uint64_t checked_section_count(Sections sections) {
  if (std::cmp_less(sections, 1)) {
    throw std::invalid_argument("number sections must be larger than 0, not " + std::to_string(sections) +
                                ": a range cannot be cut into no parts; pass how many parts you want, 1 or more");
  }
  if (std::cmp_greater(sections, (std::numeric_limits<std::int64_t>::max)())) {
    throw std::invalid_argument("number sections must be less than 2^63, not " + std::to_string(sections) +
                                ": most likely a negative number was converted to an unsigned type; pass it as it is");
  }
  return static_cast<std::uint64_t>(sections);
}

/// True if `Range` can be split; the compiler says why if it cannot.
template <class Range>
[[nodiscard]] consteval bool check_range() {
  static_assert(
      splittable_range<Range>,
      "heddle: this range cannot be split, because its parts must be found without walking through it; pass a "
      "random-access range with a size (vector, array, span, deque, iota), or copy the elements into a vector");
  static_assert(!splittable_range<Range> || std::ranges::borrowed_range<Range>,
                "heddle: this range is a temporary, and the parts would dangle, because they are views of it; keep it "
                "in a variable and split that, or pass a std::span or a std::string_view of elements that live on");
  return splittable_range<Range> && std::ranges::borrowed_range<Range>;
}

/// True if `Integer` can be a number of parts or an index; the compiler says why if it cannot.
template <class Integer>
[[nodiscard]] consteval bool check_integer() {
  static_assert(
      !std::floating_point<Integer>,
      "heddle: a number of sections or an index cannot be a floating-point number, because its fraction would "
      "be lost in silence; round it and convert it to an integer");
  static_assert(std::floating_point<Integer> || split_integer<Integer>,
                "heddle: a number of sections or an index must be an integer, because a bool or a character is almost "
                "always a slip; convert it to int or std::size_t if it is meant");
  return split_integer<Integer>;
}

/// Cuts `range` into `sections` consecutive parts whose sizes differ by at most one, the longer ones first, as
/// `numpy.array_split` does: more sections than elements give parts of one element and then empty ones.
///
/// The result is a random-access view that computes each part when it is asked for: a `std::span` of a contiguous
/// range, else a `std::ranges::subrange`. Throws std::invalid_argument unless 1 <= sections < 2^63. Allocates nothing.
/// The elements must outlive the parts.
///
///     std::vector<int> xs{1, 2, 3, 4, 5};
///     for (std::span<int> part : array_split(xs, 2)) { ... }  // {1, 2, 3} and {4, 5}
template <class Range, class Sections>
  requires std::is_arithmetic_v<Sections>
[[nodiscard]] constexpr auto array_split(Range&& range, Sections sections) {
  if constexpr (check_range<Range>() && check_integer<Sections>()) {
    return array_sections(split_begin(range), static_cast<std::uint64_t>(std::ranges::size(range)),
                          checked_section_count(sections));
  }
}

/// The parts of `range` between the cuts that `indices` name, whose values are integers or slice_index.
template <class Range, class Indices>
[[nodiscard]] constexpr auto parts_between(Range& range, Indices& indices) {
  auto begin = split_begin(range);
  const auto size = static_cast<std::uint64_t>(std::ranges::size(range));
  std::vector<range_part_t<decltype(begin)>> parts;
  if constexpr (std::ranges::forward_range<Indices> || std::ranges::sized_range<Indices>) {
    parts.reserve(static_cast<std::size_t>(std::ranges::distance(indices)) + 1);
  }
  std::uint64_t first = 0;
  for (const slice_index index : indices) {
    const std::uint64_t last = index.in(size);
    parts.push_back(part_of(begin, {first, first < last ? last : first}));
    first = last;
  }
  parts.push_back(part_of(begin, {first, size}));
  return parts;
}

/// Cuts `range` before each of `indices` and returns a std::vector with one part more than there are indices.
///
/// Indices are those of a Python slice: a negative one counts from the end, one beyond either end means that end, and
/// where an index is less than the one before it the part is empty. The elements must outlive the parts.
template <class Range, std::ranges::input_range Indices>
[[nodiscard]] constexpr auto array_split(Range&& range, Indices&& indices) {
  if constexpr (check_range<Range>() && check_integer<std::ranges::range_value_t<Indices>>()) {
    return parts_between(range, indices);
  }
}

/// The same for indices written in place, of any integer types: `array_split(xs, {3, xs.size() / 2, -1})`.
template <class Range>
[[nodiscard]] constexpr auto array_split(Range&& range, std::initializer_list<slice_index> indices) {
  if constexpr (check_range<Range>()) {
    return parts_between(range, indices);
  }
}

/// As array_split, but all parts have the same size: throws std::invalid_argument if `sections` does not divide it.
template <class Range, class Sections>
  requires std::is_arithmetic_v<Sections>
[[nodiscard]] constexpr auto split(Range&& range, Sections sections) {
  if constexpr (check_range<Range>() && check_integer<Sections>()) {
    const auto size = static_cast<std::uint64_t>(std::ranges::size(range));
    if (size % checked_section_count(sections) != 0) {
      throw std::invalid_argument("array split does not result in an equal division: " + std::to_string(size) +
                                  " elements cannot be cut into " + std::to_string(sections) +
                                  " equal parts; use array_split(), or a number of parts that divides the size");
    }
    return array_split(std::forward<Range>(range), sections);
  }
}

/// The same as array_split with indices: NumPy's two functions differ only for a number of sections.
template <class Range, std::ranges::input_range Indices>
[[nodiscard]] constexpr auto split(Range&& range, Indices&& indices) {
  return array_split(std::forward<Range>(range), std::forward<Indices>(indices));
}

template <class Range>
[[nodiscard]] constexpr auto split(Range&& range, std::initializer_list<slice_index> indices) {
  return array_split(std::forward<Range>(range), indices);
}

}  // namespace heddle

template <class Iterator>
inline constexpr bool std::ranges::enable_borrowed_range<heddle::array_sections<Iterator>> = true;
