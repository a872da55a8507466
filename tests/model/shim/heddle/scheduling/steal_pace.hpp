// SPDX-License-Identifier: MIT
// In place of heddle/scheduling/steal_pace.hpp: every job is worth stealing, whatever a clock says.
#pragma once

namespace heddle::scheduling {

class steal_pace {
 public:
  void begin_stolen() noexcept {}
  [[nodiscard]] bool may_steal() const noexcept { return true; }
};

}  // namespace heddle::scheduling
