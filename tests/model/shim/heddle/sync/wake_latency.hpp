// SPDX-License-Identifier: MIT
// In place of heddle/sync/wake_latency.hpp: it is what the model says, and nothing is learned.
#pragma once

#include <chrono>

#include "model/model.hpp"

namespace heddle::sync {

struct wake_latency {
  [[nodiscard]] static std::chrono::nanoseconds typical() noexcept { return heddle_model::current_run.wake_latency; }
  static void learn(std::chrono::nanoseconds) noexcept {}
};

}  // namespace heddle::sync
