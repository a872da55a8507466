// SPDX-License-Identifier: MIT
// One of several things, or nothing: optional, unique_ptr, variant.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include <heddle/process/codec_of.hpp>
#include <heddle/process/scalar_codec.hpp>

namespace heddle::process {

template <class T>
struct codec<std::optional<T>> : codec_for<std::remove_cv_t<T>> {
  using value_codec = codec<std::remove_cv_t<T>>;

  static constexpr std::size_t min_size() { return 1; }

  static void encode(byte_sink& sink, const std::optional<T>& value) {
    codec<bool>::encode(sink, value.has_value());
    if (value.has_value()) value_codec::encode(sink, *value);
  }

  static std::optional<T> decode(byte_source& source) {
    if (!decode_flag(source)) return std::optional<T>();
    if constexpr (std::is_move_constructible_v<T>) {
      return std::optional<T>(std::in_place, value_codec::decode(source));
    } else {
      return std::optional<T>(std::in_place, decoded_in_place<T, &value_codec::decode>{source});
    }
  }
};

template <class T>
  requires(!std::is_array_v<T>)
struct codec<std::unique_ptr<T>> : codec_for<std::remove_cv_t<T>> {
  using value_codec = codec<std::remove_cv_t<T>>;
  static constexpr obstacle why =
      std::is_polymorphic_v<T> && !std::is_final_v<T> ? obstacle::polymorphic_pointer : obstacle::none;

  static constexpr std::size_t min_size() { return 1; }

  static void encode(byte_sink& sink, const std::unique_ptr<T>& value) {
    const nesting_level level(sink);
    codec<bool>::encode(sink, value != nullptr);
    if (value != nullptr) value_codec::encode(sink, *value);
  }

  static std::unique_ptr<T> decode(byte_source& source) {
    const nesting_level level(source);
    if (!decode_flag(source)) return nullptr;
    source.claim_memory(sizeof(T) + 4 * sizeof(void*));  // with what its allocator takes
    return std::unique_ptr<T>(new T(value_codec::decode(source)));
  }
};

template <class... Ts>
struct codec<std::variant<Ts...>> : codec_for<Ts...> {
  using variant = std::variant<Ts...>;
  using index = std::conditional_t<sizeof...(Ts) <= 256, std::uint8_t, std::uint16_t>;

  static constexpr std::size_t min_size() { return sizeof(index); }

  static void encode(byte_sink& sink, const variant& value) {
    if (value.valueless_by_exception()) refuse_valueless();
    sink.put(static_cast<index>(value.index()));
    std::visit([&sink]<class T>(const T& alternative) { codec<T>::encode(sink, alternative); }, value);
  }

  static variant decode(byte_source& source) {
    const auto number = source.get<index>();
    if (number >= sizeof...(Ts)) refuse_index();
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      static constexpr std::array<variant (*)(byte_source&), sizeof...(Ts)> decoders{&decode_alternative<I>...};
      return decoders[number](source);
    }(std::make_index_sequence<sizeof...(Ts)>());
  }

 private:
  template <std::size_t I>
  static variant decode_alternative(byte_source& source) {
    return variant(std::in_place_index<I>, codec<std::variant_alternative_t<I, variant>>::decode(source));
  }

  [[noreturn, gnu::cold, gnu::noinline]] static void refuse_valueless() {
    throw codec_error(
        "cannot encode: a variant is valueless, since an assignment to it threw; give it a value before it is sent");
  }

  [[noreturn, gnu::cold, gnu::noinline]] static void refuse_index() {
    throw malformed_message("a variant has an alternative that its type does not have");
  }
};

}  // namespace heddle::process
