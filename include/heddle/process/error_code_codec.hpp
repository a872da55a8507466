// SPDX-License-Identifier: MIT
// Error codes, whose category is the address of an object: by the category's name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ios>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <heddle/base/spin_lock.hpp>
#include <heddle/process/codec_of.hpp>
#include <heddle/process/sequence_codec.hpp>

namespace heddle::process {

/// The categories that error codes may have on their way between processes.
class error_categories {
 public:
  /// Those of the program.
  [[nodiscard]] static error_categories& registered() {
    static error_categories all;
    return all;
  }

  void add(const std::error_category& category) {
    const std::scoped_lock guard(lock_);
    if (find_locked(category.name()) == nullptr) known_.push_back(&category);
  }

  /// nullptr if there is none of this name.
  [[nodiscard]] const std::error_category* find(std::string_view name) {
    const std::scoped_lock guard(lock_);
    return find_locked(name);
  }

 private:
  error_categories() : known_{&std::generic_category(), &std::system_category(), &std::iostream_category()} {}

  [[nodiscard]] const std::error_category* find_locked(std::string_view name) const noexcept {
    for (const std::error_category* each : known_) {
      if (each->name() == name) return each;
    }
    return nullptr;
  }

  base::spin_lock lock_;
  std::vector<const std::error_category*> known_;
};

template <class Code>
struct error_codec : codec_for<> {
  static constexpr std::size_t min_size() { return sizeof(std::int32_t) + codec<std::string>::min_size(); }

  static void encode(byte_sink& sink, const Code& value) {
    if (error_categories::registered().find(value.category().name()) != &value.category()) refuse_to_encode(value);
    sink.put(static_cast<std::int32_t>(value.value()));
    encode_elements(sink, std::string_view(value.category().name()));
  }

  static Code decode(byte_source& source) {
    const auto value = source.get<std::int32_t>();
    const auto name = codec<std::string>::decode(source);
    const std::error_category* const category = error_categories::registered().find(name);
    if (category == nullptr) throw malformed_message("an error code has a category that is not registered here");
    return Code(static_cast<int>(value), *category);
  }

 private:
  [[noreturn, gnu::cold, gnu::noinline]] static void refuse_to_encode(const Code& value) {
    throw codec_error(std::string("cannot encode: the category of an error code, \"") + value.category().name() +
                      "\", is not known; call heddle::register_error_category() with it before any pool is made");
  }
};

template <>
struct codec<std::error_code> : error_codec<std::error_code> {};
template <>
struct codec<std::error_condition> : error_codec<std::error_condition> {};

}  // namespace heddle::process
