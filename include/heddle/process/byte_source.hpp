// SPDX-License-Identifier: MIT
// Where encoded values come from: a window of memory to read, and a call when it is used up. Nothing of it is trusted.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>

#include <heddle/base/read_once.hpp>
#include <heddle/process/nesting.hpp>

namespace heddle::process {

class segment_finder;

/// The most memory, in bytes, that decoding one message may ask for, if nobody says otherwise.
inline constexpr std::uint64_t default_max = std::uint64_t{1} << 30U;

/// One message, read from front to back. The memory behind the window may change at any time: each byte is read once,
/// into memory of the reader, and nothing refers to it later.
///
/// One thread at a time. After an exception the rest of the message has no meaning.
class byte_source {
 public:
  byte_source(const byte_source&) = delete;
  byte_source& operator=(const byte_source&) = delete;

  /// How many bytes of the message are not read yet.
  [[nodiscard]] std::uint64_t left() const noexcept { return behind_window_ + window().size(); }

  /// Fills `bytes`, or throws malformed_message where fewer are left.
  void read(std::span<std::byte> bytes) {
    if (bytes.size() > window().size()) return read_beyond_window(bytes);
    copy_from_window(bytes);
  }

  /// A number, as put() wrote it.
  template <class T>
    requires(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>)
  [[nodiscard]] T get() {
    if (window().size() < sizeof(T)) [[unlikely]]
      return get_beyond_window<T>();
    const T value = base::read_once<T>(next_);
    next_ += sizeof(T);
    return value;
  }

  /// The number of elements that follow, each of which takes at least `least_size` bytes of the message (none counts
  /// as one) and `memory` bytes once decoded. Throws before anybody allocates memory for more than can be there.
  [[nodiscard]] std::size_t get_count(std::size_t least_size, std::size_t memory) {
    const auto count = get<std::uint64_t>();
    if (count > left() / std::max<std::size_t>(1, least_size)) refuse_count(count);
    if (memory != 0 && count > memory_left_ / memory) refuse_memory();
    memory_left_ -= count * memory;
    return static_cast<std::size_t>(count);
  }

  /// Counts memory that is about to be allocated for what is decoded against the limit.
  void claim_memory(std::size_t size) {
    if (size > memory_left_) refuse_memory();
    memory_left_ -= size;
  }

  /// Gives the next bytes of the message to `take(std::span<const std::byte>)`, piece by piece. It must copy each piece
  /// as one and not look at it otherwise.
  template <class Take>
  void read_pieces(std::uint64_t size, Take&& take) {
    if (size > left()) refuse_length();
    while (size != 0) {
      if (window().empty()) advance_window(size);
      const auto piece = window().first(static_cast<std::size_t>(std::min<std::uint64_t>(size, window().size())));
      take(piece);
      next_ += piece.size();
      size -= piece.size();
    }
  }

  /// The memory that values may name; null if they may not.
  void find_segments_in(const segment_finder* received) noexcept { segments_ = received; }
  [[nodiscard]] const segment_finder* segments() const noexcept { return segments_; }

 protected:
  /// `size` bytes are the message, whatever windows come. `max` limits the memory of what is decoded.
  byte_source(std::uint64_t size, std::uint64_t max) noexcept : behind_window_(size), memory_left_(max) {}
  ~byte_source() = default;

  /// Called when the window is used up and `wanted` bytes, at least one, are asked for, and are left: sets a window of
  /// at least one byte. The old one is not needed any more. May block, or throw.
  virtual void next_window(std::uint64_t wanted) = 0;

  /// Sets the window. What lies in it beyond the end of the message is ignored.
  void set_window(std::span<const std::byte> window) noexcept {
    const std::uint64_t size = std::min<std::uint64_t>(window.size(), behind_window_);
    behind_window_ -= size;
    next_ = window.data();
    end_ = next_ + size;
  }

 private:
  friend class nesting_level<byte_source>;

  [[nodiscard]] std::span<const std::byte> window() const noexcept { return {next_, end_}; }

  void copy_from_window(std::span<std::byte> bytes) noexcept {
    if (bytes.empty()) return;  // memcpy() wants no null pointer
    std::memcpy(bytes.data(), next_, bytes.size());
    base::forget_origin(bytes);
    next_ += bytes.size();
  }

  void advance_window(std::uint64_t wanted) {
    next_window(wanted);
    if (window().empty()) refuse_length();
  }

  [[gnu::noinline]] void read_beyond_window(std::span<std::byte> bytes) {
    if (bytes.size() > left()) refuse_length();
    for (;;) {
      const std::size_t part = std::min(bytes.size(), window().size());
      copy_from_window(bytes.first(part));
      bytes = bytes.subspan(part);
      if (bytes.empty()) return;
      advance_window(bytes.size());
    }
  }

  template <class T>
  [[gnu::cold, gnu::noinline]] T get_beyond_window() {
    std::byte bytes[sizeof(T)];
    read_beyond_window(bytes);
    return base::read_once<T>(bytes);
  }

  [[noreturn, gnu::cold, gnu::noinline]] static void refuse_length() {
    throw malformed_message("it ends in the middle of a value");
  }

  [[noreturn, gnu::cold, gnu::noinline]] void refuse_count(std::uint64_t count) const {
    throw malformed_message("it announces " + std::to_string(count) + " elements, and " + std::to_string(left()) +
                            " bytes are left for them");
  }

  [[noreturn, gnu::cold, gnu::noinline]] static void refuse_memory() {
    throw message_too_large(
        "cannot decode: the value would take more memory than the limit for messages allows; raise the limit, or send "
        "less");
  }

  [[noreturn]] static void refuse_nesting() {
    throw malformed_message("values lie more than " + std::to_string(max_nesting) + " levels deep in one another");
  }

  const std::byte* next_ = nullptr;
  const std::byte* end_ = nullptr;
  std::uint64_t behind_window_;
  std::uint64_t memory_left_;
  unsigned depth_ = 0;
  const segment_finder* segments_ = nullptr;
};

}  // namespace heddle::process
