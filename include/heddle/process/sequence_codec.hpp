// SPDX-License-Identifier: MIT
// Strings and containers of elements in a row.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <forward_list>
#include <iterator>
#include <list>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include <heddle/base/huge_pages.hpp>
#include <heddle/process/bulk.hpp>
#include <heddle/process/codec_of.hpp>

namespace heddle::process {

/// A container that is made by its elements alone.
template <class Container>
inline constexpr obstacle obstacle_of_allocator =
    std::is_empty_v<typename Container::allocator_type> ||
            std::is_default_constructible_v<typename Container::allocator_type>
        ? obstacle::none
        : obstacle::stateful_order;

inline constexpr std::size_t most_on_stack = std::size_t{8} << 10U;  // bytes

/// Appends `count` elements that lie behind one another in the message. Nothing is cleared before: from the window to
/// the container through memory that stays in the nearest cache. Where containers are nested, that is not on the stack
/// of each.
template <class Container>
[[gnu::noinline]] void append_bulk(byte_source& source, Container& container, std::size_t count) {
  using element = typename Container::value_type;
  if constexpr (std::is_same_v<element, char> || std::is_same_v<element, unsigned char> ||
                std::is_same_v<element, std::byte>) {
    source.read_pieces(count, [&container](std::span<const std::byte> piece) {
      const auto* const first = reinterpret_cast<const element*>(piece.data());
      container.insert(container.end(), first, first + piece.size());
    });
  } else if constexpr (sizeof(element) > most_on_stack) {
    for (std::size_t done = 0; done < count; ++done) {
      container.emplace_back();
      source.read(std::as_writable_bytes(std::span(&container.back(), 1)));
    }
  } else {
    constexpr std::size_t most = most_on_stack / sizeof(element);
    const std::size_t size = std::min(most, count);
    alignas(element) std::byte bytes[most * sizeof(element)];
    const auto* const elements = reinterpret_cast<const element*>(bytes);
    for (std::size_t done = 0; done < count;) {
      const std::size_t part = std::min(size, count - done);
      source.read(std::span(bytes).first(part * sizeof(element)));
      container.insert(container.end(), elements, elements + part);
      done += part;
    }
  }
}

/// What a std::deque allocates besides its elements: a block that is not full, and the list of blocks.
#if defined(_LIBCPP_VERSION)
inline constexpr std::size_t deque_overhead = 4096 + 64;
#else
inline constexpr std::size_t deque_overhead = 512 + 64;
#endif

/// The number of the elements, and the elements.
template <class Range>
void encode_elements(byte_sink& sink, const Range& range) {
  using element = std::remove_cv_t<typename Range::value_type>;
  sink.put(static_cast<std::uint64_t>(range.size()));
  if constexpr (is_bulk<element> && requires { range.data(); }) {
    sink.write(std::as_bytes(std::span(range.data(), range.size())));
  } else {
    const nesting_level level(sink);
    for (const auto& each : range) encode_element<element>(sink, each);
  }
}

/// Strings, vectors, deques and lists.
template <class Container>
struct sequence_codec : codec_for<typename Container::value_type> {
  using element = typename Container::value_type;
  static constexpr obstacle why = obstacle_of_allocator<Container>;

  static constexpr std::size_t min_size() { return sizeof(std::uint64_t); }
  static void encode(byte_sink& sink, const Container& value) { encode_elements(sink, value); }

  static Container decode(byte_source& source) {
    const std::size_t count = source.get_count(min_element_size<element>(), sizeof(element) + overhead);
    if constexpr (!is_contiguous && overhead == 0) source.claim_memory(deque_overhead);
    Container result;
    if constexpr (is_contiguous) {
      result.reserve(count);
      base::prefer_huge_pages(result.data(), count * sizeof(element));
    }
    if constexpr (is_contiguous && is_bulk<element>) {
      append_bulk(source, result, count);
    } else {
      const nesting_level level(source);
      for (std::size_t i = 0; i < count; ++i) append(source, result);
    }
    return result;
  }

 private:
  static constexpr bool is_contiguous = requires(Container c) { c.data(), c.reserve(0); };
  /// A list has two pointers for each element, and its allocator as much again.
  static constexpr std::size_t overhead = requires(Container c) { c.splice(c.end(), c); } ? 4 * sizeof(void*) : 0;

  static void append(byte_source& source, Container& result) {
    if constexpr (std::is_move_constructible_v<element>) {
      result.push_back(decode_element<element>(source));
    } else {
      result.emplace_back(element_in_place<element>{source});
    }
  }
};

template <class Char, class Traits, class Allocator>
struct codec<std::basic_string<Char, Traits, Allocator>> : sequence_codec<std::basic_string<Char, Traits, Allocator>> {
};
template <class T, class Allocator>
struct codec<std::vector<T, Allocator>> : sequence_codec<std::vector<T, Allocator>> {};
template <class T, class Allocator>
struct codec<std::deque<T, Allocator>> : sequence_codec<std::deque<T, Allocator>> {};
template <class T, class Allocator>
struct codec<std::list<T, Allocator>> : sequence_codec<std::list<T, Allocator>> {};

template <class T, class Allocator>
struct codec<std::forward_list<T, Allocator>> : codec_for<T> {
  using list = std::forward_list<T, Allocator>;
  static constexpr obstacle why = obstacle_of_allocator<list>;

  static constexpr std::size_t min_size() { return sizeof(std::uint64_t); }

  static void encode(byte_sink& sink, const list& value) {
    const nesting_level level(sink);
    sink.put(static_cast<std::uint64_t>(std::distance(value.begin(), value.end())));
    for (const T& each : value) encode_element<T>(sink, each);
  }

  static list decode(byte_source& source) {
    const nesting_level level(source);
    const std::size_t count = source.get_count(min_element_size<T>(), sizeof(T) + 2 * sizeof(void*));
    list result;
    auto last = result.before_begin();
    for (std::size_t i = 0; i < count; ++i) {
      if constexpr (std::is_move_constructible_v<T>) {
        last = result.insert_after(last, decode_element<T>(source));
      } else {
        last = result.emplace_after(last, element_in_place<T>{source});
      }
    }
    return result;
  }
};

/// Eight to a byte.
template <class Allocator>
struct codec<std::vector<bool, Allocator>> : codec_for<> {
  using vector = std::vector<bool, Allocator>;
  static constexpr obstacle why = obstacle_of_allocator<vector>;

  static constexpr std::size_t min_size() { return 2 * sizeof(std::uint64_t); }

  static void encode(byte_sink& sink, const vector& value) {
    sink.put(static_cast<std::uint64_t>(value.size()));
    sink.put(static_cast<std::uint64_t>((value.size() + 7) / 8));
    unsigned byte = 0;
    for (std::size_t i = 0; i < value.size(); ++i) {
      byte |= (value[i] ? 1U : 0U) << (i % 8);
      if (i % 8 != 7 && i + 1 != value.size()) continue;
      sink.put(static_cast<std::uint8_t>(byte));
      byte = 0;
    }
  }

  static vector decode(byte_source& source) {
    const auto size = source.get<std::uint64_t>();
    const std::size_t bytes = source.get_count(1, 1);
    if (size / 8 + (size % 8 != 0 ? 1 : 0) != bytes) throw malformed_message("a vector<bool> has two sizes");
    vector result(static_cast<std::size_t>(size));
    unsigned byte = 0;
    for (std::size_t i = 0; i < result.size(); ++i) {
      if (i % 8 == 0) byte = source.get<std::uint8_t>();
      result[i] = ((byte >> (i % 8)) & 1U) != 0;
    }
    return result;
  }
};

}  // namespace heddle::process
