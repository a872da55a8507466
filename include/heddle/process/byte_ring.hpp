// SPDX-License-Identifier: MIT
// A stream of bytes from one process to another, through memory that both share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include <heddle/base/atomic.hpp>
#include <heddle/base/cpu.hpp>

namespace heddle::process {

/// What is shared of a ring, besides its bytes: how many were ever written, and read. The writer writes one, the reader
/// the other.
struct ring_positions {
  alignas(base::cache_line) base::atomic<std::uint64_t> written{0};
  alignas(base::cache_line) base::atomic<std::uint64_t> read{0};
};

/// One side of it. Neither side trusts the other: what that says is looked at once, and a number that cannot be is
/// noticed.
class ring_end {
 public:
  /// Whether the other side has written a number that cannot be. From then on nothing is there, and there is no room.
  [[nodiscard]] bool is_broken() const noexcept { return is_broken_; }

 protected:
  ring_end(ring_positions& shared, std::span<std::byte> bytes) noexcept : shared_(shared), bytes_(bytes) {}
  ~ring_end() = default;

  /// At most `most` of the bytes from `position` on, as far as they lie in one piece.
  [[nodiscard]] std::span<std::byte> piece(std::uint64_t position, std::uint64_t most) const noexcept {
    const std::size_t start = static_cast<std::size_t>(position) & (bytes_.size() - 1);
    return bytes_.subspan(start, static_cast<std::size_t>(std::min<std::uint64_t>(most, bytes_.size() - start)));
  }

  /// The other side's position is now `said`, and was `known`: it grows, and not beyond `limit`.
  void note(std::uint64_t& known, std::uint64_t said, std::uint64_t limit) noexcept {
    if (said - known > limit - known) {
      is_broken_ = true;
    } else {
      known = said;
    }
  }

  ring_positions& shared_;
  const std::span<std::byte> bytes_;  // a power of two

 private:
  bool is_broken_ = false;
};

/// One thread at a time.
class ring_writer : public ring_end {
 public:
  ring_writer(ring_positions& shared, std::span<std::byte> bytes) noexcept : ring_end(shared, bytes) {}

  /// Where the next bytes go: a piece of what is free, or nothing.
  [[nodiscard]] std::span<std::byte> room() noexcept {
    if (free_bytes() == 0) look();
    return piece(placed_, is_broken() ? 0 : free_bytes());
  }

  /// How many bytes may be placed, in one or two pieces.
  [[nodiscard]] std::size_t free_bytes() const noexcept {
    return static_cast<std::size_t>(read_ + bytes_.size() - placed_);
  }
  /// Looks how far the reader is.
  void look() noexcept {
    // [byte_ring.2] acquire: the reader has read what is written over now.
    note(read_, shared_.read.load(base::acquire), placed_);
  }

  /// So many bytes of room() have been written.
  void place(std::size_t count) noexcept { placed_ += count; }
  /// What was placed from that position() on, and is not published, is dropped.
  void take_back_to(std::uint64_t position) noexcept { placed_ = position; }

  /// How many bytes the reader was known to have read when somebody last looked.
  [[nodiscard]] std::uint64_t read_position() const noexcept { return read_; }

  /// How many bytes were ever placed.
  [[nodiscard]] std::uint64_t position() const noexcept { return placed_; }

  /// The reader sees what was placed.
  void publish() noexcept {
    shared_.written.store(placed_, base::release);  // [byte_ring.1] release: the bytes
  }

 private:
  std::uint64_t placed_ = 0;
  std::uint64_t read_ = 0;
};

/// One thread at a time.
class ring_reader : public ring_end {
 public:
  ring_reader(ring_positions& shared, std::span<std::byte> bytes) noexcept : ring_end(shared, bytes) {}

  /// A piece of what is there, or nothing. It may change while it is read: copy it once.
  [[nodiscard]] std::span<const std::byte> available() noexcept {
    if (readable_bytes() == 0) look();
    return piece(taken_, is_broken() ? 0 : readable_bytes());
  }

  [[nodiscard]] std::size_t readable_bytes() const noexcept { return static_cast<std::size_t>(written_ - taken_); }
  /// Looks how far the writer is.
  void look() noexcept {
    // [byte_ring.1] acquire: the bytes, see publish().
    note(written_, shared_.written.load(base::acquire), taken_ + bytes_.size());
  }

  /// So many bytes of available() have been read.
  void take(std::size_t count) noexcept { taken_ += count; }

  [[nodiscard]] std::uint64_t position() const noexcept { return taken_; }

  /// The writer may write over what was taken.
  void release() noexcept {
    shared_.read.store(taken_, base::release);  // [byte_ring.2] release: it has been read
  }

 private:
  std::uint64_t taken_ = 0;
  std::uint64_t written_ = 0;
};

}  // namespace heddle::process
