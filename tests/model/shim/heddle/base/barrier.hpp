// SPDX-License-Identifier: MIT
// In place of heddle/base/barrier.hpp: both halves of an asymmetric barrier are whole ones.
#pragma once

#include <source_location>

#include "model/relacy.hpp"

namespace heddle::base {

inline void full_barrier(std::source_location where = std::source_location::current()) noexcept {
  rl::atomic_thread_fence(rl::mo_seq_cst, heddle_model::place(where));
}

inline void light_barrier(std::source_location where = std::source_location::current()) noexcept {
  full_barrier(where);
}

[[nodiscard]] inline bool heavy_barrier(std::source_location where = std::source_location::current()) noexcept {
  full_barrier(where);
  return true;
}

}  // namespace heddle::base
