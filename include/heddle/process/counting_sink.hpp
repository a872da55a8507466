// SPDX-License-Identifier: MIT
// A sink that only counts: how long a message would be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <heddle/process/byte_sink.hpp>

namespace heddle::process {

class counting_sink final : public byte_sink {
 public:
  counting_sink() noexcept { set_window(scratch_); }

  [[nodiscard]] std::uint64_t size() const noexcept { return before_window_ + sizeof(scratch_) - room(); }

 private:
  void next_window(std::size_t) override {
    before_window_ = size();
    set_window(scratch_);
  }

  void write_beyond_window(std::span<const std::byte> bytes) override { before_window_ += bytes.size(); }

  std::uint64_t before_window_ = 0;
  std::byte scratch_[256];
};

}  // namespace heddle::process
