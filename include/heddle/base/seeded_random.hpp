// SPDX-License-Identifier: MIT
// Numbers that look random, follow from a seed, and are the same everywhere.
#pragma once

#include <cstdint>

namespace heddle::base {

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014). One thread at a time.
class seeded_random {
 public:
  explicit constexpr seeded_random(std::uint64_t seed) noexcept : state_(seed) {}

  [[nodiscard]] constexpr std::uint64_t next() noexcept {
    std::uint64_t bits = state_ += 0x9e3779b97f4a7c15U;
    bits = (bits ^ (bits >> 30U)) * 0xbf58476d1ce4e5b9U;
    bits = (bits ^ (bits >> 27U)) * 0x94d049bb133111ebU;
    return bits ^ (bits >> 31U);
  }

  /// A number below `bound`, which is not 0; each is equally likely.
  [[nodiscard]] constexpr std::uint64_t below(std::uint64_t bound) noexcept {
    // 2^64 modulo bound: without so many of the smallest numbers, every remainder comes equally often.
    const std::uint64_t surplus = (0 - bound) % bound;
    for (;;) {
      const std::uint64_t drawn = next();
      if (drawn >= surplus) return drawn % bound;
    }
  }

 private:
  std::uint64_t state_;
};

}  // namespace heddle::base
