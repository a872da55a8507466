// SPDX-License-Identifier: MIT
// A worker's side of the memory that calls name.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <system_error>
#include <unordered_map>
#include <utility>

#include <heddle/process/message_socket.hpp>
#include <heddle/process/segment_names.hpp>
#include <heddle/process/segment_notice.hpp>
#include <heddle/process/shared_memory.hpp>

namespace heddle::process {

/// Maps what the program sends, until it says that it is gone. One thread. The program is trusted.
class received_segments final : public segment_finder {
 public:
  explicit received_segments(message_socket from) noexcept : from_(std::move(from)) {}

  /// Whether there are notices that were not taken, of so many in all.
  [[nodiscard]] bool is_behind(std::uint64_t sent) const noexcept { return taken_ != sent; }

  /// Takes the notices that are there: so many were sent in all. That is a hint, which a call may have overwritten: it
  /// is not waited for more. False if the connection is closed.
  [[nodiscard]] bool take(std::uint64_t sent) {
    for (;;) {
      segment_notice notice;
      message_socket::descriptors given;
      const auto outcome = from_.receive(notice, given, MSG_DONTWAIT);
      if (outcome == message_socket::outcome::not_now) break;
      if (outcome == message_socket::outcome::closed) return false;
      if (outcome == message_socket::outcome::done) {
        note(notice, std::move(given[0]));
      } else {
        is_incomplete_ = true;  // there was no descriptor for it
      }
    }
    taken_ = sent;
    return true;
  }

  /// Whether some could not be mapped: a process without descriptors or addresses is of no use here.
  [[nodiscard]] bool is_incomplete() const noexcept { return is_incomplete_; }

  /// Throws std::system_error if it could not be mapped.
  [[nodiscard]] std::span<std::byte> find(std::uint64_t id) const override {
    const auto found = mapped_.find(id);
    if (found != mapped_.end()) return found->second.bytes();
    throw std::system_error(std::make_error_code(std::errc::not_enough_memory),
                            "memory that this call shares with its program cannot be mapped in its worker process, "
                            "which has too few descriptors or addresses left, and is replaced");
  }

 private:
  void note(const segment_notice& notice, descriptor given) {
    if (notice.what == segment_notice::kind::gone) {
      mapped_.erase(notice.id);
      return;
    }
    try {
      const auto access =
          notice.what == segment_notice::kind::constant ? shared_memory::access::reads : shared_memory::access::writes;
      shared_memory memory = shared_memory::map(std::move(given), static_cast<std::size_t>(notice.size), access);
      memory.close();
      mapped_.emplace(notice.id, std::move(memory));
    } catch (...) {
      is_incomplete_ = true;
    }
  }

  const message_socket from_;
  std::uint64_t taken_ = 0;
  bool is_incomplete_ = false;
  std::unordered_map<std::uint64_t, shared_memory> mapped_;
};

}  // namespace heddle::process
