// SPDX-License-Identifier: MIT
// A source whose message lies in one piece of memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <heddle/process/byte_source.hpp>

namespace heddle::process {

class span_source final : public byte_source {
 public:
  explicit span_source(std::span<const std::byte> message, std::uint64_t max = default_max) noexcept
      : byte_source(message.size(), max) {
    set_window(message);
  }

 private:
  void next_window(std::uint64_t) override {}  // never called: all of the message is in the first window
};

}  // namespace heddle::process
