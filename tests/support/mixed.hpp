// SPDX-License-Identifier: MIT
// Numbers that look random and follow from a seed.
#pragma once

#include <cstdint>

namespace heddle_test {

/// Mixes the bits of a number (Stafford's variant 13 of the finalizer of MurmurHash3).
constexpr std::uint64_t mixed(std::uint64_t bits) {
  bits = (bits ^ (bits >> 30U)) * 0xbf58476d1ce4e5b9U;
  bits = (bits ^ (bits >> 27U)) * 0x94d049bb133111ebU;
  return bits ^ (bits >> 31U);
}

}  // namespace heddle_test
