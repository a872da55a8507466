// SPDX-License-Identifier: MIT
// What a serialize function is called with, shaped like cereal's archives.
#pragma once

#include <type_traits>
#include <utility>

#include <heddle/process/codec_of.hpp>

namespace heddle::process {

/// Takes values: `archive(a, b, c)` appends them to the message.
class output_archive {
 public:
  using is_saving = std::true_type;
  using is_loading = std::false_type;

  explicit output_archive(byte_sink& sink) noexcept : sink_(sink) {}

  template <class... Ts>
  output_archive& operator()(const Ts&... values) {
    static_assert((must_travel<Ts> && ...));
    (codec<Ts>::encode(sink_, values), ...);
    return *this;
  }

  template <class T>
  output_archive& operator&(const T& value) {
    return (*this)(value);
  }

  [[nodiscard]] byte_sink& sink() const noexcept { return sink_; }

 private:
  byte_sink& sink_;
};

/// Gives values: `archive(a, b, c)` replaces what the three hold by what a call with the same types had saved.
class input_archive {
 public:
  using is_saving = std::false_type;
  using is_loading = std::true_type;

  explicit input_archive(byte_source& source) noexcept : source_(source) {}

  template <class... Ts>
  input_archive& operator()(Ts&&... values) {
    static_assert((is_loadable<Ts&&> && ...),
                  "heddle: serialize() names what is loaded, archive(name_, age_), and not what is const, or what a "
                  "function returns: take `static name load(archive)` for a class whose members are const, and give a "
                  "wrapper a name before");
    static_assert((must_travel<std::remove_reference_t<Ts>> && ...));
    (decode_over(source_, values), ...);
    return *this;
  }

  template <class T>
  input_archive& operator&(T&& value) {
    return (*this)(std::forward<T>(value));
  }

  /// A value for a class that is made from its parts.
  template <class T>
  [[nodiscard]] T get() {
    static_assert(must_travel<T>);
    return codec<T>::decode(source_);
  }

  [[nodiscard]] byte_source& source() const noexcept { return source_; }

 private:
  template <class T>
  static constexpr bool is_loadable = std::is_lvalue_reference_v<T> && !std::is_const_v<std::remove_reference_t<T>>;

  byte_source& source_;
};

}  // namespace heddle::process
