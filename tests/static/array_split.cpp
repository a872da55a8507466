// SPDX-License-Identifier: MIT
// What the compiler can see of array_split: types, concepts, and results in constant expressions.

#include <heddle/array_split.hpp>

#include <array>
#include <cstdint>
#include <deque>
#include <list>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

using heddle::array_split;
using heddle::split;

namespace {

template <class Range>
using sections_of = decltype(array_split(std::declval<Range>(), 2));
template <class Range>
using part_of = std::ranges::range_value_t<sections_of<Range>>;

// The sections are a cheap view that may be passed on as a temporary, and walked more than once.
using sections = sections_of<std::vector<int>&>;
static_assert(std::ranges::view<sections>);
static_assert(std::ranges::random_access_range<sections>);
static_assert(std::ranges::random_access_range<const sections>);
static_assert(std::ranges::sized_range<sections>);
static_assert(std::ranges::common_range<sections>);
static_assert(std::ranges::borrowed_range<sections>);
static_assert(std::is_trivially_copyable_v<sections>);
static_assert(std::random_access_iterator<sections::iterator>);
static_assert(std::sized_sentinel_for<sections::iterator, sections::iterator>);
static_assert(std::ranges::random_access_range<sections_of<std::deque<int>&>>);
static_assert(std::ranges::view<sections_of<std::deque<int>&>>);

// Contiguous ranges give spans, as constant as their elements; the others subranges.
static_assert(std::is_same_v<part_of<std::vector<int>&>, std::span<int>>);
static_assert(std::is_same_v<part_of<const std::vector<int>&>, std::span<const int>>);
static_assert(std::is_same_v<part_of<int (&)[4]>, std::span<int>>);
static_assert(std::is_same_v<part_of<const std::array<int, 4>&>, std::span<const int>>);
static_assert(std::is_same_v<part_of<std::string&>, std::span<char>>);
static_assert(std::is_same_v<part_of<std::string_view>, std::span<const char>>);
static_assert(std::is_same_v<part_of<std::span<int, 4>>, std::span<int>>);
static_assert(std::is_same_v<part_of<const std::span<int>>, std::span<int>>);
static_assert(std::is_same_v<part_of<std::deque<int>&>, std::ranges::subrange<std::deque<int>::iterator>>);
static_assert(std::is_same_v<part_of<const std::deque<int>&>, std::ranges::subrange<std::deque<int>::const_iterator>>);

// A part is itself a range that can be split, as a temporary.
static_assert(std::is_same_v<part_of<part_of<std::vector<int>&>>, std::span<int>>);
static_assert(std::ranges::borrowed_range<part_of<std::deque<int>&>>);

// What can be split, and what can count.
static_assert(heddle::splittable_range<std::deque<int>>);
static_assert(!heddle::splittable_range<std::list<int>>);
static_assert(!heddle::splittable_range<decltype(std::views::iota(0))>);
static_assert(heddle::split_integer<signed char> && heddle::split_integer<unsigned char>);
static_assert(heddle::split_integer<long long> && heddle::split_integer<std::size_t>);
static_assert(!heddle::split_integer<bool> && !heddle::split_integer<char> && !heddle::split_integer<char16_t>);
static_assert(!heddle::split_integer<double> && !heddle::split_integer<int*>);
static_assert(std::is_convertible_v<std::size_t, heddle::slice_index>);
static_assert(!std::is_convertible_v<bool, heddle::slice_index>);
static_assert(!std::is_convertible_v<double, heddle::slice_index>);

static_assert(noexcept(heddle::section_bounds(10, 3, 1)));
static_assert(heddle::section_bounds(10, 3, 1) == heddle::section{4, 7});

constexpr std::array<int, 5> five{1, 2, 3, 4, 5};
static_assert(array_split(five, 2)[1].front() == 4);
static_assert(array_split(five, 2).size() == 2);
static_assert(split(five, 5)[4].back() == 5);
static_assert(array_split(five, {1, -1})[1].size() == 3);
static_assert(*array_split(std::views::iota(std::int64_t{0}, std::int64_t{1} << 62), 4)[3].begin() == 3LL << 60);

}  // namespace
