// SPDX-License-Identifier: MIT
// In place of heddle/base/usable_cpus.hpp: one processor, so nobody spins before going to sleep, unless a model says
// otherwise. Spinning reads a clock, and an interleaving that depends on a clock cannot be repeated.
#pragma once

#include "model/model.hpp"

namespace heddle::base {

struct usable_cpus {
  [[nodiscard]] static unsigned count() noexcept { return heddle_model::current_run.processors; }
  static void note_this_thread() noexcept {}
};

}  // namespace heddle::base
