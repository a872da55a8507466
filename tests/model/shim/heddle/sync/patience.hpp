// SPDX-License-Identifier: MIT
// In place of heddle/sync/patience.hpp: nobody waits awake, as where there is one processor, or
// everybody for ever.
#pragma once

#include <chrono>

#include <heddle/base/cpu.hpp>

#include "model/model.hpp"

namespace heddle::sync {

class patience {
 public:
  patience() noexcept = default;
  explicit patience(std::chrono::nanoseconds) noexcept {}
  [[nodiscard]] static patience for_what_has_begun() noexcept { return {}; }

  void pause() noexcept {
    base::pause();
    ++looks_;
  }
  void be_polite() noexcept {}
  void reset() noexcept { looks_ = 0; }

  [[nodiscard]] bool is_fresh() const noexcept { return false; }
  [[nodiscard]] std::chrono::nanoseconds spent() const noexcept {
    return heddle_model::current_run.is_patient ? looks_ * worn_after : std::chrono::microseconds(0);
  }
  [[nodiscard]] bool is_over() const noexcept { return !heddle_model::current_run.is_patient; }

  static constexpr std::chrono::microseconds worn_after{20};

 private:
  unsigned looks_ = 0;
};

}  // namespace heddle::sync
