// SPDX-License-Identifier: MIT
// In place of heddle/sync/patience.hpp: with one processor nobody waits awake (see usable_cpus.hpp); whether others
// seem too busy to answer is up to the interleaving.
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

  void pause() noexcept { base::pause(); }
  void be_polite() noexcept {}
  void reset() noexcept {}

  [[nodiscard]] bool is_fresh() const noexcept { return false; }
  [[nodiscard]] bool is_worn() const noexcept {
    if (worn_ == unknown) worn_ = heddle_model::choose(2);
    return worn_ == 1;
  }
  [[nodiscard]] bool is_over() const noexcept { return true; }

 private:
  static constexpr unsigned unknown = 2;
  mutable unsigned worn_ = unknown;
};

}  // namespace heddle::sync
