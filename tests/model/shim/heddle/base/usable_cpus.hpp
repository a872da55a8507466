// SPDX-License-Identifier: MIT
// In place of heddle/base/usable_cpus.hpp: one processor, so nobody spins before going to sleep. Spinning reads a
// clock, and an interleaving that depends on a clock cannot be repeated.
#pragma once

namespace heddle::base {

struct usable_cpus {
  [[nodiscard]] static unsigned count() noexcept { return 1; }
  static void note_this_thread() noexcept {}
};

}  // namespace heddle::base
