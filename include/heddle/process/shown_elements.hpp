// SPDX-License-Identifier: MIT
// What a std::span shows that is an argument of a call in another process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include <heddle/process/bulk.hpp>
#include <heddle/process/codec_of.hpp>
#include <heddle/process/segment_names.hpp>
#include <heddle/process/sequence_codec.hpp>
#include <heddle/process/shared_segment.hpp>

namespace heddle::process {

/// A part of a segment that both processes have mapped; or, of const elements, copies of them.
template <class T>
class shown_elements {
  using element = std::remove_const_t<T>;
  static_assert(is_bulk<element>);

 public:
  /// Keeps what the span shows. Throws std::invalid_argument for elements that are not const and in no segment.
  explicit shown_elements(std::span<T> shown) : of_(find(shown)), shown_(shown) {
    if constexpr (std::is_const_v<T>) {
      if (of_ != nullptr) return;
      copies_.assign(shown.begin(), shown.end());
      shown_ = copies_;
    }
  }

  /// What encode() has written.
  explicit shown_elements(byte_source& source) {
    const auto id = source.get<std::uint64_t>();
    if (id == 0) {
      copies_ = codec<std::vector<element>>::decode(source);
      shown_ = copies_;
      return;
    }
    const auto offset = source.get<std::uint64_t>();
    const auto count = source.get<std::uint64_t>();
    if (source.segments() == nullptr) refuse();
    const std::span<std::byte> all = source.segments()->find(id);
    if (offset > all.size() || offset % alignof(T) != 0 || count > (all.size() - offset) / sizeof(T)) refuse();
    shown_ = {reinterpret_cast<T*>(all.data() + offset), static_cast<std::size_t>(count)};
  }

  shown_elements(shown_elements&&) noexcept = default;
  shown_elements& operator=(shown_elements&&) = delete;
  ~shown_elements() = default;

  void encode(byte_sink& sink) const { encode(sink, shown_, of_); }
  /// The same for a span that is there for as long as the call.
  static void encode(byte_sink& sink, std::span<T> shown) { encode(sink, shown, find(shown)); }

  operator std::span<T>() const noexcept { return shown_; }  // NOLINT(google-explicit-constructor): it is one, and owns

 private:
  [[nodiscard]] static std::shared_ptr<shared_segment> find(std::span<T> shown) {
    std::shared_ptr<shared_segment> found = shared_segment::find(std::as_bytes(shown));
    if (std::is_const_v<T> || found != nullptr || shown.empty()) return found;
    throw std::invalid_argument(
        "a call in another process writes to elements of a heddle::shared_array, and these are not of one, so nothing "
        "would be written to them: put them into a shared_array, or let the call take const elements, which are "
        "copied");
  }

  static void encode(byte_sink& sink, std::span<T> shown, const std::shared_ptr<shared_segment>& of) {
    if (of == nullptr) {
      sink.put(std::uint64_t{0});
      return encode_elements(sink, shown);
    }
    if (sink.segments() == nullptr)
      throw codec_error("cannot encode: elements of a shared_array go to workers as arguments of calls only");
    sink.segments()->send(of);
    sink.put(of->id());
    sink.put(static_cast<std::uint64_t>(of->offset_of(reinterpret_cast<const std::byte*>(shown.data()))));
    sink.put(static_cast<std::uint64_t>(shown.size()));
  }

  [[noreturn, gnu::cold, gnu::noinline]] static void refuse() {
    throw malformed_message("a span shows memory that is not there");
  }

  std::vector<element> copies_;
  std::shared_ptr<shared_segment> of_;
  std::span<T> shown_;
};

template <class T>
struct codec<shown_elements<T>> : codec_for<std::remove_const_t<T>> {
  static constexpr std::size_t min_size() { return 2 * sizeof(std::uint64_t); }
  static void encode(byte_sink& sink, const shown_elements<T>& value) { value.encode(sink); }
  static shown_elements<T> decode(byte_source& source) { return shown_elements<T>(source); }
};

}  // namespace heddle::process
