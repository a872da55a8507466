// SPDX-License-Identifier: MIT
// In place of heddle/base/available_parallelism.hpp: one processor, so nobody spins before going to sleep. Spinning
// reads a clock, and an interleaving that depends on a clock cannot be repeated.
#pragma once

namespace heddle::base {

[[nodiscard]] inline unsigned available_parallelism() noexcept { return 1; }

[[nodiscard]] inline unsigned known_parallelism() noexcept { return available_parallelism(); }

}  // namespace heddle::base
