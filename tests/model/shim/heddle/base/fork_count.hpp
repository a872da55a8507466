// SPDX-License-Identifier: MIT
// In place of heddle/base/fork_count.hpp: models do not fork.
#pragma once

#include <cstdint>

namespace heddle::base {

[[nodiscard]] inline std::uint32_t fork_count() noexcept { return 0; }
inline void watch_forks(void (*)()) noexcept {}

}  // namespace heddle::base
