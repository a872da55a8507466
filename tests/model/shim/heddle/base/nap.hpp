// SPDX-License-Identifier: MIT
// In place of heddle/base/nap.hpp: who sleeps lets the other simulated threads go on.
#pragma once

#include <heddle/base/cpu.hpp>

namespace heddle::base {

inline void nap(unsigned) noexcept { pause(); }

inline void yield() noexcept { pause(); }

}  // namespace heddle::base
