// SPDX-License-Identifier: MIT
// In place of heddle/sync/patience.hpp: nobody waits awake, as where there is one processor.
#pragma once

#include <chrono>

#include <heddle/base/cpu.hpp>

namespace heddle::sync {

class patience {
 public:
  patience() noexcept = default;
  explicit patience(std::chrono::nanoseconds) noexcept {}
  [[nodiscard]] static patience for_what_has_begun() noexcept { return {}; }

  void pause() noexcept { base::pause(); }
  void be_polite() noexcept {}
  void reset() noexcept {}

  [[nodiscard]] bool is_fresh() const noexcept { return false; }
  [[nodiscard]] std::chrono::nanoseconds spent() const noexcept { return {}; }
  [[nodiscard]] bool is_over() const noexcept { return true; }

  static constexpr std::chrono::microseconds worn_after{20};
};

}  // namespace heddle::sync
