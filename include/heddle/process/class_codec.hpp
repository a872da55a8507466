// SPDX-License-Identifier: MIT
// Classes: by their serialize function, or member by member.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <heddle/process/access.hpp>
#include <heddle/process/aggregate.hpp>
#include <heddle/process/codec_of.hpp>
#include <heddle/process/inherited_serialize.hpp>
#include <heddle/process/unknown_class.hpp>
#include <heddle/process/visit_members.hpp>

namespace heddle::process {

/// Nothing has to be sent of it: a tag, a comparison, a lambda without captures.
template <class T>
concept stateless =
    std::is_empty_v<T> && std::is_trivially_copyable_v<T> && std::is_trivially_default_constructible_v<T>;

template <class T>
[[nodiscard]] consteval obstacle obstacle_of_aggregate() {
  if (has_base_class<T>) return obstacle::base_class;
  if (takes_initialisers<T, max_members + 1, 0, 0>() && count_members<T>() == members_unknown) {
    return obstacle::too_many_members;
  }
  // Where the first one is a reference with a default, none can be given.
  if (count_members<T>() == members_unknown || (count_members<T>() == 0 && !std::is_empty_v<T>))
    return obstacle::hidden_members;
  return count_members<T>() > max_members ? obstacle::too_many_members : obstacle::none;
}

template <class T>
[[nodiscard]] consteval obstacle obstacle_of() {
  if constexpr (std::is_reference_v<T>) {
    return obstacle::reference;
  } else if constexpr (std::is_pointer_v<T> || std::is_member_pointer_v<T> || std::is_null_pointer_v<T>) {
    return obstacle::pointer;
  } else if constexpr (requires { typename T::travels_as; }) {
    return obstacle::shared_array;
  } else if constexpr (std::is_union_v<T>) {
    return obstacle::union_type;
  } else if constexpr (!std::is_class_v<T>) {
    return obstacle::unknown_class;
  } else if constexpr (customised<T>) {
    if constexpr (inherits_serialize<T>)
      return obstacle::inherited_serialize;
    else if constexpr (has_made_by_load<T> || requires { access::construct<T>(); })
      return obstacle::none;
    else
      return obstacle::not_default_constructible;
  } else if constexpr (stateless<T>) {
    return obstacle::none;
  } else if constexpr (std::is_aggregate_v<T>) {
    return obstacle_of_aggregate<T>();
  } else {
    return obstacle_of_unknown_class<T>();
  }
}

/// Classes, and whatever has no codec of its own.
template <class T>
struct codec {
  static constexpr obstacle why = obstacle_of<T>();

 private:
  static constexpr bool by_members = why == obstacle::none && !customised<T> && !stateless<T> && std::is_aggregate_v<T>;

  static consteval std::size_t count() {
    if constexpr (by_members)
      return count_members<T>();
    else
      return 0;
  }

  struct member_types {
    template <class... Members, class... Values>
    constexpr auto operator()(const Values&...) const {
      return type_list<std::remove_cv_t<Members>...>();
    }
  };

  static auto find_parts(T& value) {
    if constexpr (by_members)
      return visit_members<count()>(value, member_types());
    else
      return type_list<>();
  }

 public:
  using parts = decltype(find_parts(std::declval<T&>()));

  static constexpr std::size_t min_size() { return sum_of_sizes(parts()); }

  static void encode(byte_sink& sink, const T& value) {
    if constexpr (customised<T>) {
      const nesting_level level(sink);
      output_archive archive(sink);
      save_customised(archive, value);
    } else if constexpr (by_members) {
      visit_members<count()>(value, [&sink]<class... Members>(const auto&... members) {
        (codec<std::remove_cv_t<Members>>::encode(sink, members), ...);
      });
    }
  }

  static T decode(byte_source& source) {
    if constexpr (customised<T>) {
      return decode_customised(source);
    } else if constexpr (by_members) {
      return decode_members(source, parts());
    } else {
      return T();
    }
  }

  static void decode_into(byte_source& source, T& value)
    requires(customised<T> && !has_made_by_load<T>)
  {
    const nesting_level level(source);
    input_archive archive(source);
    load_customised(archive, value);
  }

 private:
  template <class... Members>
  static constexpr std::size_t sum_of_sizes(type_list<Members...>) {
    return (std::size_t{0} + ... + codec<Members>::min_size());
  }

  static T decode_customised(byte_source& source) {
    const nesting_level level(source);
    input_archive archive(source);
    if constexpr (has_made_by_load<T>) {
      return access::make<T>(archive);
    } else {
      T value = access::construct<T>();
      load_customised(archive, value);
      return value;
    }
  }

  template <class... Members>
  static T decode_members(byte_source& source, type_list<Members...>) {
    if constexpr ((std::is_array_v<Members> || ...)) {
      T value{};
      visit_members<count()>(value, [&source]<class...>(auto&... members) { (decode_over(source, members), ...); });
      return value;
    } else {
#if defined(__GNUC__) || defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#endif
      // In this order, since in braces. What does not fit into a bit-field is cut.
      return T{codec<Members>::decode(source)...};
#if defined(__GNUC__) || defined(__clang__)
#pragma GCC diagnostic pop
#endif
    }
  }
};

}  // namespace heddle::process
