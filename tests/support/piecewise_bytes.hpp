// SPDX-License-Identifier: MIT
// A sink and a source whose windows are as small as one likes, and are gone when they are used up.
#pragma once

#include <heddle/process/byte_sink.hpp>
#include <heddle/process/byte_source.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace heddle_test {

/// Keeps what is written, from windows of `size` bytes.
class piecewise_sink final : public heddle::process::byte_sink {
 public:
  explicit piecewise_sink(std::size_t size) : window_(size) { set_window(window_); }

  [[nodiscard]] std::vector<std::byte> take() {
    keep();
    return written_;
  }
  [[nodiscard]] int windows() const { return windows_; }

 private:
  void next_window(std::size_t) override {
    ++windows_;
    keep();
    std::ranges::fill(window_, std::byte{0xa5});
    set_window(window_);
  }

  void keep() { written_.insert(written_.end(), window_.data(), next()); }

  std::vector<std::byte> window_;
  std::vector<std::byte> written_;
  int windows_ = 0;
};

/// Gives a message in windows of `size` bytes, each of which is overwritten when the next one is asked for: who looks
/// at a byte later finds garbage.
class piecewise_source final : public heddle::process::byte_source {
 public:
  piecewise_source(std::span<const std::byte> message, std::size_t size,
                   std::uint64_t max = heddle::process::default_max)
      : byte_source(message.size(), max), message_(message), window_(size) {}
  ~piecewise_source() { std::ranges::fill(window_, std::byte{0xa5}); }

  [[nodiscard]] int windows() const { return windows_; }

 private:
  void next_window(std::uint64_t) override {
    ++windows_;
    std::ranges::fill(window_, std::byte{0xa5});
    const std::size_t size = std::min(window_.size(), message_.size());
    std::ranges::copy(message_.first(size), window_.begin());
    message_ = message_.subspan(size);
    set_window(std::span(window_).first(size));
  }

  std::span<const std::byte> message_;
  std::vector<std::byte> window_;
  int windows_ = 0;
};

}  // namespace heddle_test
