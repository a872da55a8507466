// SPDX-License-Identifier: MIT
// Where encoded values go: a window of memory to write to, and a call when it is full.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>

#include <heddle/process/nesting.hpp>

namespace heddle::process {

class segment_recipient;

/// As a std::streambuf, for bytes: writing into the window costs a comparison, and who derives from this says what
/// comes behind it (memory that grows, or the next part of a ring in shared memory, when there is room).
///
/// One thread at a time. After an exception from the sink, what was written is no message.
class byte_sink {
 public:
  byte_sink(const byte_sink&) = delete;
  byte_sink& operator=(const byte_sink&) = delete;

  void write(std::span<const std::byte> bytes) {
    if (bytes.size() > room()) return write_beyond_window(bytes);
    if (bytes.empty()) return;  // memcpy() wants no null pointer
    std::memcpy(advance(bytes.size()), bytes.data(), bytes.size());
  }

  /// A number, as it lies in memory.
  template <class T>
    requires std::is_arithmetic_v<T>
  void put(T value) {
    if (room() >= sizeof(T)) [[likely]] {
      std::memcpy(advance(sizeof(T)), &value, sizeof(T));
    } else {
      put_beyond_window(value);
    }
  }

  /// Who gives the reader the memory that values name instead of writing what it holds; null if they cannot.
  void name_segments_to(segment_recipient* recipient) noexcept { segments_ = recipient; }
  [[nodiscard]] segment_recipient* segments() const noexcept { return segments_; }

 protected:
  byte_sink() noexcept = default;
  ~byte_sink() = default;

  /// Called when the window is full and `wanted` bytes, at least one, are still to be written: sets a window of at
  /// least one byte. What lies in the old window is written for good. May block, or throw.
  virtual void next_window(std::size_t wanted) = 0;

  /// Writes more than fits into the window. Overridden where that can be done without windows.
  virtual void write_beyond_window(std::span<const std::byte> bytes) {
    while (bytes.size() > room()) {
      const std::size_t part = room();
      write(bytes.first(part));
      bytes = bytes.subspan(part);
      next_window(bytes.size());
    }
    write(bytes);
  }

  void set_window(std::span<std::byte> window) noexcept {
    next_ = window.data();
    end_ = next_ + window.size();
  }

  [[nodiscard]] std::byte* next() const noexcept { return next_; }
  [[nodiscard]] std::size_t room() const noexcept { return static_cast<std::size_t>(end_ - next_); }

 private:
  friend class nesting_level<byte_sink>;

  /// Where the next bytes go. Before they are written: to the compiler they might be written over `next_`.
  std::byte* advance(std::size_t size) noexcept {
    std::byte* const from = next_;
    next_ = from + size;
    return from;
  }

  // Not inlined, so that the value need not lie in memory where there is room.
  template <class T>
  [[gnu::cold, gnu::noinline]] void put_beyond_window(T value) {
    write_beyond_window(std::as_bytes(std::span(&value, 1)));
  }

  [[noreturn]] static void refuse_nesting() {
    throw codec_error("cannot encode: values lie more than " + std::to_string(max_nesting) +
                      " levels deep in one another; send a flat form, such as a vector of nodes with indices");
  }

  std::byte* next_ = nullptr;
  std::byte* end_ = nullptr;
  unsigned depth_ = 0;
  segment_recipient* segments_ = nullptr;
};

}  // namespace heddle::process
