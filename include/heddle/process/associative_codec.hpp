// SPDX-License-Identifier: MIT
// Sets and maps, ordered and hashed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <heddle/process/codec_of.hpp>
#include <heddle/process/sequence_codec.hpp>

namespace heddle::process {

/// Comparisons and hashes are not sent, so they must be the same wherever they are made.
template <class Container, class... Functions>
inline constexpr obstacle obstacle_of_functions =
    (std::is_empty_v<Functions> && ...) && (std::is_default_constructible_v<Functions> && ...)
        ? obstacle_of_allocator<Container>
        : obstacle::stateful_order;

/// What a node has besides its element.
inline constexpr std::size_t node_overhead = 5 * sizeof(void*);

[[noreturn, gnu::cold, gnu::noinline]] inline void refuse_duplicate() {
  throw malformed_message("a set or map has a key twice");
}

/// More keys than this in one bucket is no accident: who chooses keys can make each insertion look at all before it, so
/// that a message of some megabytes takes hours.
inline constexpr std::size_t max_bucket_size = 200;

[[noreturn, gnu::cold, gnu::noinline]] inline void refuse_buckets() {
  throw malformed_message(
      "the keys of a hashed container fall into one bucket (if they are what was sent, the hash is "
      "at fault: choose a better one, or an ordered container)");
}

[[noreturn, gnu::cold, gnu::noinline]] inline void refuse_apart() {
  throw malformed_message("equal keys of a hashed container are not side by side");
}

template <class Container>
[[nodiscard]] const typename Container::key_type& key_of(const typename Container::value_type& element) {
  if constexpr (requires { typename Container::mapped_type; }) {
    return element.first;
  } else {
    return element;
  }
}

/// Where keys are inserted. For a hashed container that may have a key several times, to insert one is to look at all
/// in its bucket up to its like, of which there may be as many as one likes: but for its like that came just before.
template <class Container>
class insertion {
 public:
  using key = typename Container::key_type;
  using iterator = typename Container::const_iterator;

  explicit insertion(const Container& into) : into_(into), last_(into.cend()) {}

  /// The place of the next one.
  [[nodiscard]] iterator place_for(const key& next) {
    if constexpr (requires { into_.bucket(next); } && !requires { typename Container::insert_return_type; }) {
      if (!into_.empty() && into_.key_eq()(key_of<Container>(*last_), next)) return place_like_last();
      looked_at_ = 0;
      look_for_like(next);
    }
    return into_.cend();
  }
  void note(iterator inserted) noexcept { last_ = inserted; }

 private:
  [[nodiscard]] iterator place_like_last() {
#if defined(_LIBCPP_VERSION)
    // This library looks at its likes in any case, and would change their order.
    looks_ += ++looked_at_;
    if (looks_ > most_looks) refuse_buckets();
    return into_.cend();
#else
    return last_;
#endif
  }

  void look_for_like(const key& next) {
    const auto are_equal = into_.key_eq();
    if (into_.bucket_count() == 0) return;
    const std::size_t bucket = into_.bucket(next);
    const key* before = nullptr;
    std::size_t unlike = 0;
    for (auto each = into_.cbegin(bucket); each != into_.cend(bucket); ++each) {
      ++looked_at_;
      const auto& found = key_of<Container>(*each);
      if (before != nullptr && are_equal(*before, found)) continue;
      if (are_equal(found, next)) refuse_apart();
      before = &found;
      if (++unlike > max_bucket_size) refuse_buckets();
    }
  }

  static constexpr std::uint64_t most_looks = std::uint64_t{1} << 32U;  // some seconds

  const Container& into_;
  iterator last_;
  std::uint64_t looked_at_ = 0;  // for the last one
  std::uint64_t looks_ = 0;
};

/// Of a container that has each key once, after one was inserted.
template <class Container>
void check_bucket(const Container& container, const typename Container::key_type& inserted) {
  if constexpr (requires {
                  typename Container::insert_return_type;
                  container.bucket(inserted);
                }) {
    if (container.bucket_size(container.bucket(inserted)) > max_bucket_size) refuse_buckets();
  }
}

template <class Set>
struct set_codec : codec_for<typename Set::key_type> {
  using key = typename Set::key_type;

  static constexpr std::size_t min_size() { return sizeof(std::uint64_t); }
  static void encode(byte_sink& sink, const Set& value) { encode_elements(sink, value); }

  static Set decode(byte_source& source) {
    const nesting_level level(source);
    const std::size_t count = source.get_count(min_element_size<key>(), sizeof(key) + node_overhead);
    Set result;
    if constexpr (requires { result.reserve(count); }) result.reserve(count);
    insertion<Set> keys(result);
    for (std::size_t i = 0; i < count; ++i) {
      key next = decode_element<key>(source);
      const auto place = keys.place_for(next);
      const auto inserted = result.emplace_hint(place, std::move(next));
      keys.note(inserted);
      check_bucket(result, *inserted);
    }
    if (result.size() != count) refuse_duplicate();
    return result;
  }
};

template <class Map>
struct map_codec : codec_for<typename Map::key_type, typename Map::mapped_type> {
  using key = typename Map::key_type;
  using mapped = typename Map::mapped_type;

  static constexpr std::size_t min_size() { return sizeof(std::uint64_t); }

  static void encode(byte_sink& sink, const Map& value) {
    const nesting_level level(sink);
    sink.put(static_cast<std::uint64_t>(value.size()));
    for (const auto& [first, second] : value) {
      encode_element<key>(sink, first);
      encode_element<mapped>(sink, second);
    }
  }

  static Map decode(byte_source& source) {
    const nesting_level level(source);
    constexpr std::size_t least = min_element_size<key>() + min_element_size<mapped>();
    const std::size_t count = source.get_count(least, sizeof(typename Map::value_type) + node_overhead);
    Map result;
    if constexpr (requires { result.reserve(count); }) result.reserve(count);
    insertion<Map> keys(result);
    for (std::size_t i = 0; i < count; ++i) {
      const auto inserted = insert(source, result, keys);
      keys.note(inserted);
      check_bucket(result, inserted->first);
    }
    if (result.size() != count) refuse_duplicate();
    return result;
  }

 private:
  static auto insert(byte_source& source, Map& result, insertion<Map>& keys) {
    key first = decode_element<key>(source);
    const auto place = keys.place_for(first);
    if constexpr (std::is_move_constructible_v<mapped>) {
      return result.emplace_hint(place, std::move(first), decode_element<mapped>(source));
    } else {
      return result.emplace_hint(place, std::move(first), element_in_place<mapped>{source});
    }
  }
};

template <class K, class Less, class A>
struct codec<std::set<K, Less, A>> : set_codec<std::set<K, Less, A>> {
  static constexpr obstacle why = obstacle_of_functions<std::set<K, Less, A>, Less>;
};
template <class K, class Less, class A>
struct codec<std::multiset<K, Less, A>> : set_codec<std::multiset<K, Less, A>> {
  static constexpr obstacle why = obstacle_of_functions<std::multiset<K, Less, A>, Less>;
};
template <class K, class Hash, class Equal, class A>
struct codec<std::unordered_set<K, Hash, Equal, A>> : set_codec<std::unordered_set<K, Hash, Equal, A>> {
  static constexpr obstacle why = obstacle_of_functions<std::unordered_set<K, Hash, Equal, A>, Hash, Equal>;
};
template <class K, class Hash, class Equal, class A>
struct codec<std::unordered_multiset<K, Hash, Equal, A>> : set_codec<std::unordered_multiset<K, Hash, Equal, A>> {
  static constexpr obstacle why = obstacle_of_functions<std::unordered_multiset<K, Hash, Equal, A>, Hash, Equal>;
};
template <class K, class V, class Less, class A>
struct codec<std::map<K, V, Less, A>> : map_codec<std::map<K, V, Less, A>> {
  static constexpr obstacle why = obstacle_of_functions<std::map<K, V, Less, A>, Less>;
};
template <class K, class V, class Less, class A>
struct codec<std::multimap<K, V, Less, A>> : map_codec<std::multimap<K, V, Less, A>> {
  static constexpr obstacle why = obstacle_of_functions<std::multimap<K, V, Less, A>, Less>;
};
template <class K, class V, class Hash, class Equal, class A>
struct codec<std::unordered_map<K, V, Hash, Equal, A>> : map_codec<std::unordered_map<K, V, Hash, Equal, A>> {
  static constexpr obstacle why = obstacle_of_functions<std::unordered_map<K, V, Hash, Equal, A>, Hash, Equal>;
};
template <class K, class V, class Hash, class Equal, class A>
struct codec<std::unordered_multimap<K, V, Hash, Equal, A>> : map_codec<std::unordered_multimap<K, V, Hash, Equal, A>> {
  static constexpr obstacle why = obstacle_of_functions<std::unordered_multimap<K, V, Hash, Equal, A>, Hash, Equal>;
};

}  // namespace heddle::process
