// SPDX-License-Identifier: MIT
// An argument of a call in another process: a value, or a view of one that lives as long as the call.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <heddle/process/bulk.hpp>
#include <heddle/process/codec.hpp>
#include <heddle/process/shown_elements.hpp>

namespace heddle::process {

/// What has to live while a `T` is used: itself, or what it is a view of.
template <class T>
struct owner_of {
  using type = T;
};
template <class Char, class Traits>
struct owner_of<std::basic_string_view<Char, Traits>> {
  using type = std::basic_string<Char, Traits>;
};
/// Not of bool: a std::vector<bool> keeps no elements that a span could show.
template <class T>
  requires(!std::is_same_v<T, bool> && !is_bulk<T>)
struct owner_of<std::span<const T>> {
  using type = std::vector<T>;
};
template <class T>
  requires is_bulk<std::remove_const_t<T>>
struct owner_of<std::span<T>> {
  using type = shown_elements<T>;
};

/// Whether `T` is a view that can be an argument, and nothing but an argument.
template <class T>
concept is_argument_view = !std::is_same_v<T, typename owner_of<T>::type>;

/// `T` can be an argument of a call in another process: it can travel, or is a std::string_view, a std::span of const
/// elements that can, or one of elements of a shared_array.
template <class T>
concept can_travel_as_argument = can_travel<typename owner_of<std::remove_cv_t<T>>::type>;

/// As encode(), for an argument.
template <class T>
void encode_argument(byte_sink& sink, const T& value) {
  using owner = typename owner_of<T>::type;
  if constexpr (!is_argument_view<T>) {
    encode(sink, value);
  } else if constexpr (requires { owner::encode(sink, value); }) {
    owner::encode(sink, value);
  } else if constexpr (must_travel<owner>) {
    encode_elements(sink, value);
  }
}

/// An argument that was decoded. It is handed to the call, and lives until the call has returned.
///
///     argument<std::string_view> text(source);
///     function(text.get());
template <class T>
class argument {
  using owner = typename owner_of<T>::type;

 public:
  explicit argument(byte_source& source) : owner_(decode<owner>(source)) {}
  argument(const argument&) = delete;
  argument& operator=(const argument&) = delete;

  /// To be called once: a value is moved out.
  [[nodiscard]] decltype(auto) get() noexcept {
    if constexpr (is_argument_view<T>) {
      return T(owner_);
    } else {
      return std::move(owner_);
    }
  }

 private:
  owner owner_;
};

/// The arguments of a call, read one after the other.
template <class... Ts>
class received_arguments;

template <>
class received_arguments<> {
 public:
  explicit received_arguments(byte_source&) noexcept {}
  template <class Call, class... Before>
  decltype(auto) apply(Call&& call, Before&... before) {
    return std::forward<Call>(call)(before.get()...);
  }
};

template <class T, class... Ts>
class received_arguments<T, Ts...> {
 public:
  explicit received_arguments(byte_source& source) : first_(source), rest_(source) {}

  /// Calls `call(arguments...)`, once.
  template <class Call, class... Before>
  decltype(auto) apply(Call&& call, Before&... before) {
    return rest_.apply(std::forward<Call>(call), before..., first_);
  }

 private:
  argument<T> first_;
  received_arguments<Ts...> rest_;
};

}  // namespace heddle::process
