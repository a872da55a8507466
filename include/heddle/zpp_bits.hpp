// SPDX-License-Identifier: MIT
// Classes that travel to other processes as zpp_bits sends them.
#pragma once

#if __has_include(<zpp_bits.h>)
#include <zpp_bits.h>
#else
#error "heddle/zpp_bits.hpp needs zpp_bits.h (github.com/eyalz800/zpp_bits): tell the compiler where it is"
#endif

#include <cstddef>
#include <span>
#include <vector>

#include <heddle/serialize.hpp>

/// Says that a class travels as zpp_bits sends it. Written at global scope where the class is known, the same in every
/// source that sends it:
///
///     HEDDLE_TRAVELS_BY_ZPP_BITS(my::message);
#define HEDDLE_TRAVELS_BY_ZPP_BITS(...) \
  template <>                           \
  struct heddle::process::adapted<__VA_ARGS__> : heddle::by_zpp_bits<__VA_ARGS__> {}

namespace heddle {

/// What HEDDLE_TRAVELS_BY_ZPP_BITS makes of a class: its bytes for zpp_bits, as a vector. How deep values lie in one
/// another is not checked; no container of it takes more memory than `default_max`.
template <class T>
struct by_zpp_bits {
  static void save(process::output_archive& archive, const T& value) {
    std::vector<std::byte> bytes;
    zpp::bits::out out{bytes, zpp::bits::size8b()};
    if (zpp::bits::failure(out(value))) {
      throw process::codec_error("cannot encode: zpp_bits refuses this value; see its documentation of the type");
    }
    archive(bytes);
  }

  static void load(process::input_archive& archive, T& value) {
    const auto bytes = archive.get<std::vector<std::byte>>();
    zpp::bits::in in{std::span<const std::byte>(bytes), zpp::bits::size8b(),
                     zpp::bits::alloc_limit<process::default_max>()};
    if (zpp::bits::failure(in(value)) || in.position() != bytes.size()) {
      throw process::malformed_message("zpp_bits cannot read it");
    }
  }
};

}  // namespace heddle
