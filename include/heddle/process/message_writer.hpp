// SPDX-License-Identifier: MIT
// Messages into a ring: whole, if there is room for them, or piece by piece.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <span>

#include <heddle/process/byte_ring.hpp>
#include <heddle/process/byte_sink.hpp>
#include <heddle/process/codec_error.hpp>
#include <heddle/process/counting_sink.hpp>
#include <heddle/process/message.hpp>

namespace heddle::process {

/// A message does not fit into the room that is there.
struct no_room {};

/// Places bytes in the ring, as far as there is room; throws no_room then. What it has placed is not published.
class placing_sink final : public byte_sink {
 public:
  explicit placing_sink(ring_writer& ring) noexcept : ring_(ring), start_(ring.position()) { take_window(); }

  /// Places what was written last. Returns how many bytes that were in all.
  std::uint64_t finish() noexcept {
    ring_.place(window_.size() - room());
    return ring_.position() - start_;
  }

 private:
  void next_window(std::size_t) override {
    ring_.place(window_.size());
    take_window();
    if (window_.empty()) throw no_room();
  }

  void take_window() noexcept {
    window_ = ring_.room();
    set_window(window_);
  }

  ring_writer& ring_;
  const std::uint64_t start_;
  std::span<std::byte> window_;
};

/// Publishes what is written, window by window: `peer.progressed()` is called then, and `peer.wait()` where there is no
/// room, which may throw. Refuses to write more than was announced.
template <class Peer>
class streaming_sink final : public byte_sink {
 public:
  streaming_sink(ring_writer& ring, std::uint64_t size, Peer& peer) noexcept : ring_(ring), left_(size), peer_(peer) {}

  /// The reader sees what was written so far.
  void flush() noexcept {
    const std::size_t written = window_.size() - room();
    window_ = {};
    set_window({});
    if (written == 0) return;
    ring_.place(written);
    ring_.publish();
    left_ -= written;
    peer_.progressed();
  }

  /// Fills what is left with zeros, and flushes. Whether that was nothing.
  bool finish() {
    flush();
    const bool was_whole = left_ == 0;
    const std::byte zeros[256] = {};
    while (left_ != 0) {
      write(std::span(zeros).first(static_cast<std::size_t>(std::min<std::uint64_t>(left_, sizeof zeros))));
      flush();
    }
    return was_whole;
  }

 private:
  /// A quarter of the ring at most, so that the reader copies one piece while the next is written.
  static constexpr std::size_t longest_window = std::size_t{256} << 10U;

  void next_window(std::size_t) override {
    flush();
    if (left_ == 0) throw codec_error("cannot encode: a value has more to write than when it was measured");
    for (;;) {
      const std::span<std::byte> room = ring_.room();
      if (!room.empty()) {
        window_ = room.first(static_cast<std::size_t>(std::min<std::uint64_t>({room.size(), longest_window, left_})));
        return set_window(window_);
      }
      peer_.wait();
    }
  }

  ring_writer& ring_;
  std::uint64_t left_;  // of what was announced, without what was flushed
  Peer& peer_;
  std::span<std::byte> window_;
};

/// How many bytes `encode(sink)` writes.
template <class Encode>
[[nodiscard]] std::uint64_t measure(const Encode& encode) {
  counting_sink counted;
  encode(counted);
  return counted.size();
}

/// Places a message, whose bytes `encode(sink)` writes; does not publish it. False, and nothing is placed, if there is
/// no room for it. Throws what `encode` throws, and nothing is placed then.
template <class Encode>
[[nodiscard]] bool try_place(ring_writer& ring, message_head head, const Encode& encode) {
  if (ring.free_bytes() < sizeof head) ring.look();
  const std::uint64_t start = ring.position();
  const std::span<std::byte> place_of_head = ring.room();
  if (place_of_head.size() < sizeof head) return false;
  ring.place(sizeof head);
  try {
    placing_sink sink(ring);
    encode(static_cast<byte_sink&>(sink));
    head.size = sink.finish();
  } catch (const no_room&) {
    ring.take_back_to(start);
    return false;
  } catch (...) {
    ring.take_back_to(start);
    throw;
  }
  const std::uint64_t padding = padded(head.size) - head.size;
  if (ring.free_bytes() < padding) ring.look();
  if (ring.free_bytes() < padding) {
    ring.take_back_to(start);
    return false;
  }
  ring.place(static_cast<std::size_t>(padding));
  std::memcpy(place_of_head.data(), &head, sizeof head);
  return true;
}

/// Writes a message of `head.size` bytes, as measure() found it, piece by piece. Throws what `encode` and `peer` throw;
/// after an error of `encode` the message is ended, and says so: the reader drops it.
template <class Encode, class Peer>
void stream(ring_writer& ring, message_head head, const Encode& encode, Peer& peer) {
  head.is_streamed = 1;
  const std::uint64_t padding = padded(head.size) - head.size;
  streaming_sink<Peer> framing(ring, sizeof head + padding + sizeof(message_end), peer);
  framing.write(std::as_bytes(std::span(&head, 1)));
  framing.flush();
  streaming_sink<Peer> body(ring, head.size, peer);
  std::exception_ptr error;
  try {
    encode(static_cast<byte_sink&>(body));
  } catch (...) {
    error = std::current_exception();
  }
  message_end end;
  end.is_whole = static_cast<std::uint64_t>(body.finish() && error == nullptr);
  const std::byte zeros[sizeof head] = {};
  framing.write(std::span(zeros).first(static_cast<std::size_t>(padding)));
  framing.write(std::as_bytes(std::span(&end, 1)));
  framing.finish();
  if (error != nullptr) std::rethrow_exception(error);
  if (end.is_whole == 0) throw codec_error("cannot encode: a value has less to write than when it was measured");
}

}  // namespace heddle::process
