// SPDX-License-Identifier: MIT
// In place of heddle/base/cpu.hpp: who spins lets the other simulated threads go on.
#pragma once

#include <cstddef>
#include <source_location>

#include "model/relacy.hpp"

namespace heddle::base {

/// What Relacy allocates models with.
inline constexpr std::size_t cache_line = alignof(std::max_align_t);

inline void pause(std::source_location where = std::source_location::current()) noexcept {
  rl::ctx().yield(1, heddle_model::place(where));
}

inline void prefetch(const void*) noexcept {}

}  // namespace heddle::base
