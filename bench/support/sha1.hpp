// SPDX-License-Identifier: MIT
// SHA-1 of short messages (FIPS 180-4): the random numbers of the unbalanced tree search are made of it.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace heddle_bench {

using sha1_digest = std::array<std::uint32_t, 5>;

/// The digest of `words`, big-endian: of at most 13 words, which fit one block with the padding.
template <std::size_t Words>
  requires(Words <= 13)
sha1_digest sha1(const std::array<std::uint32_t, Words>& words) {
  std::array<std::uint32_t, 80> w{};
  for (std::size_t i = 0; i < Words; ++i) w[i] = words[i];
  w[Words] = 0x80000000U;
  w[15] = 32 * Words;
  for (std::size_t i = 16; i < 80; ++i) w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);

  constexpr sha1_digest start{0x67452301U, 0xEFCDAB89U, 0x98BADCFEU, 0x10325476U, 0xC3D2E1F0U};
  std::uint32_t a = start[0];
  std::uint32_t b = start[1];
  std::uint32_t c = start[2];
  std::uint32_t d = start[3];
  std::uint32_t e = start[4];
  const auto round = [&](std::uint32_t mixed, std::uint32_t constant, std::uint32_t word) {
    const std::uint32_t next = std::rotl(a, 5) + mixed + e + constant + word;
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  };
  for (std::size_t i = 0; i < 20; ++i) round((b & c) | (~b & d), 0x5A827999U, w[i]);
  for (std::size_t i = 20; i < 40; ++i) round(b ^ c ^ d, 0x6ED9EBA1U, w[i]);
  for (std::size_t i = 40; i < 60; ++i) round((b & c) | (b & d) | (c & d), 0x8F1BBCDCU, w[i]);
  for (std::size_t i = 60; i < 80; ++i) round(b ^ c ^ d, 0xCA62C1D6U, w[i]);
  return {start[0] + a, start[1] + b, start[2] + c, start[3] + d, start[4] + e};
}

}  // namespace heddle_bench
