// SPDX-License-Identifier: MIT
// Messages out of a ring. Nothing of them is trusted.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include <heddle/base/read_once.hpp>
#include <heddle/process/byte_ring.hpp>
#include <heddle/process/byte_source.hpp>
#include <heddle/process/message.hpp>

namespace heddle::process {

/// The head of the next message, copied out; false if there is none yet.
[[nodiscard]] inline bool try_read_head(ring_reader& ring, message_head& head) noexcept {
  if (ring.readable_bytes() < sizeof head) ring.look();
  if (ring.is_broken() || ring.readable_bytes() < sizeof head) return false;
  const std::span<const std::byte> piece = ring.available();
  if (piece.size() < sizeof head) return false;  // never, of a message that begins where it should
  std::memcpy(&head, piece.data(), sizeof head);
  base::forget_origin(std::as_writable_bytes(std::span(&head, 1)));
  ring.take(sizeof head);
  return true;
}

/// Whether the rest of a message that is not streamed is there, as it must be.
[[nodiscard]] inline bool is_whole(ring_reader& ring, const message_head& head) noexcept {
  return head.size <= ring.readable_bytes() && padded(head.size) <= ring.readable_bytes();
}

/// The bytes of one message, whose head was read. Of one that is streamed, `peer.progressed()` is called when there is
/// room again, and `peer.wait()` where it is not there yet: that may throw, and afterwards there need not be more.
template <class Peer>
class message_source final : public byte_source {
 public:
  message_source(ring_reader& ring, const message_head& head, std::uint64_t max, Peer& peer) noexcept
      : byte_source(head.size, max),
        ring_(ring),
        peer_(peer),
        end_(ring.position() + padded(head.size)),
        is_streamed_(head.is_streamed != 0) {
    take_window();
  }

  /// Reads to the end of the message, whatever of it was used. Whether its writer has written all of it.
  bool finish() {
    set_window({});
    while (ring_.position() != end_) skip(static_cast<std::size_t>(end_ - ring_.position()));
    if (!is_streamed_) return true;
    message_end end;
    auto* const to = reinterpret_cast<std::byte*>(&end);
    for (std::size_t got = 0; got != sizeof end;) {
      const auto piece = more(sizeof end - got);
      std::memcpy(to + got, piece.data(), piece.size());
      got += piece.size();
      ring_.take(piece.size());
    }
    release();
    return end.is_whole != 0;
  }

 private:
  void next_window(std::uint64_t) override {
    ring_.take(window_);
    if (is_streamed_) release();
    take_window();
    while (window_ == 0) {
      peer_.wait();
      take_window();
    }
  }

  void release() noexcept {
    ring_.release();
    peer_.progressed();
  }

  void take_window() noexcept {
    const auto piece = ring_.available();
    const std::uint64_t left = end_ - ring_.position();
    window_ = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), left));
    set_window(piece.first(window_));
  }

  void skip(std::size_t most) {
    ring_.take(more(most).size());
    if (is_streamed_) release();
  }

  /// What is there, at least one byte.
  std::span<const std::byte> more(std::size_t most) {
    for (;;) {
      const auto piece = ring_.available();
      if (!piece.empty()) return piece.first(std::min(most, piece.size()));
      peer_.wait();
    }
  }

  ring_reader& ring_;
  Peer& peer_;
  const std::uint64_t end_;  // of it, in the ring, without its message_end
  std::size_t window_ = 0;   // of these bytes
  const bool is_streamed_;
};

}  // namespace heddle::process
