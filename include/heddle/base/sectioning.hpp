// SPDX-License-Identifier: MIT
// The arithmetic of divisions into nearly equal sections, or into chunks of a size: where each begins and ends.
#pragma once

#include <cstdint>

namespace heddle::base {

/// The half-open interval [first, last) of positions that one section covers.
struct section {
  std::uint64_t first = 0;
  std::uint64_t last = 0;

  [[nodiscard]] constexpr std::uint64_t size() const noexcept { return last - first; }
  friend constexpr bool operator==(const section&, const section&) = default;
};

/// About `position`, where long intervals are cut: a multiple of 64 if it is 64 at least, so that the elements of
/// arrays on both sides are whole cache lines and whole vectors, as far as the arrays begin with one.
[[nodiscard]] constexpr std::uint64_t whole_lines(std::uint64_t position) noexcept {
  constexpr std::uint64_t line = 64;
  return position < line ? position : position / line * line;
}

/// `size` positions cut into `sections` sections whose sizes differ by at most one, the longer ones first.
///
/// One division when it is made, none per section; no step overflows. `sections` must not be 0.
class sectioning {
 public:
  constexpr sectioning() noexcept = default;
  constexpr sectioning(std::uint64_t size, std::uint64_t sections) noexcept
      : quotient_(size / sections), remainder_(size % sections) {}

  /// The section at `index`, which must be less than the number of sections.
  [[nodiscard]] constexpr section operator[](std::uint64_t index) const noexcept {
    const std::uint64_t first = index * quotient_ + (index < remainder_ ? index : remainder_);
    return {first, first + quotient_ + (index < remainder_ ? 1U : 0U)};
  }

 private:
  std::uint64_t quotient_ = 0;
  std::uint64_t remainder_ = 0;
};

/// Section `index` of `size` positions cut into `sections`, for who needs only one: `sectioning(size,
/// sections)[index]`.
[[nodiscard]] constexpr section section_bounds(std::uint64_t size, std::uint64_t sections,
                                               std::uint64_t index) noexcept {
  return sectioning(size, sections)[index];
}

/// `size` positions cut into chunks of `length`, the last one of what is left. `length` must not be 0.
class chunking {
 public:
  constexpr chunking(std::uint64_t size, std::uint64_t length) noexcept : size_(size), length_(length) {}

  [[nodiscard]] constexpr std::uint64_t count() const noexcept { return size_ / length_ + (size_ % length_ != 0); }

  /// The chunk at `index`, which must be less than count().
  [[nodiscard]] constexpr section operator[](std::uint64_t index) const noexcept {
    const std::uint64_t first = index * length_;
    return {first, size_ - first > length_ ? first + length_ : size_};
  }

 private:
  std::uint64_t size_;
  std::uint64_t length_;
};

}  // namespace heddle::base
