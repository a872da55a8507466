// SPDX-License-Identifier: MIT
// In place of heddle/base/thread_number.hpp: simulated threads share the real one, and have numbers.
#pragma once

#include <cstdint>

#include "model/relacy.hpp"

namespace heddle::base {

[[nodiscard]] inline std::uint32_t thread_number() noexcept { return static_cast<std::uint32_t>(rl::thread_index()); }

}  // namespace heddle::base
