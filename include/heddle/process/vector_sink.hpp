// SPDX-License-Identifier: MIT
// A sink that keeps its bytes in a vector.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include <heddle/process/byte_sink.hpp>

namespace heddle::process {

class vector_sink final : public byte_sink {
 public:
  vector_sink() = default;

  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size() - room(); }

  /// The bytes so far; the sink is empty then.
  [[nodiscard]] std::vector<std::byte> take() {
    bytes_.resize(size());
    set_window({});
    return std::exchange(bytes_, {});
  }

 private:
  // The vector is longer than what is written, by the window. Windows are small, since the vector clears them.
  static constexpr std::size_t least = 256;
  static constexpr std::size_t most = std::size_t{32} << 10U;

  void next_window(std::size_t wanted) override {
    const std::size_t written = size();
    bytes_.resize(written + std::max(wanted, std::clamp(written, least, most)));
    set_window(std::span(bytes_).subspan(written));
  }

  void write_beyond_window(std::span<const std::byte> bytes) override {
    if (bytes.size() < most) return byte_sink::write_beyond_window(bytes);
    bytes_.resize(size());
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    set_window({});
  }

  std::vector<std::byte> bytes_;
};

}  // namespace heddle::process
