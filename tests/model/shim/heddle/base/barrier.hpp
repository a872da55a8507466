// SPDX-License-Identifier: MIT
// In place of heddle/base/barrier.hpp: barriers that order no more than the real ones promise, and that can be left
// out.
#pragma once

#include <cstdint>
#include <source_location>

#include "model/model.hpp"
#include "model/orders.hpp"
#include "model/relacy.hpp"

namespace heddle::base {

inline void full_barrier(std::source_location where = std::source_location::current()) noexcept {
  if (!heddle_model::has_barrier(where)) return;
  rl::atomic_thread_fence(rl::mo_seq_cst, heddle_model::place(where));
}

/// What the thread has done and seen comes after what heavy barriers have seen so far, and before what they see from
/// now on. Another light barrier, or a full one, learns nothing from it, and no load or store gets an order by it.
inline void light_barrier(std::source_location where = std::source_location::current()) noexcept {
  if (!heddle_model::has_barrier(where)) return;
  rl::ctx().sched();
  auto& run = heddle_model::current_run;
  heddle_model::raise(rl::ctx().threadx_->acq_rel_order_, run.seen_by_heavy);
  heddle_model::raise(run.seen_by_light, rl::ctx().threadx_->acq_rel_order_);
}

/// What threads have done before their light barriers is seen from now on, and what the caller has done by those behind
/// theirs. So it is, too, when some time has passed.
inline void let_stores_arrive(std::source_location where = std::source_location::current()) noexcept {
  auto& run = heddle_model::current_run;
  rl::ctx().sched();
  const rl::preemption_disabler one_step(rl::ctx());
  heddle_model::raise(rl::ctx().threadx_->acq_rel_order_, run.seen_by_light);
  rl::atomic_thread_fence(rl::mo_seq_cst, heddle_model::place(where));
  heddle_model::raise(run.seen_by_heavy, rl::ctx().threadx_->acq_rel_order_);
}

[[nodiscard]] inline bool heavy_barrier(std::source_location where = std::source_location::current()) noexcept {
  auto& run = heddle_model::current_run;
  if (run.has_heavy_barrier == heddle_model::heavy_barriers::none) return false;
  if (run.has_heavy_barrier == heddle_model::heavy_barriers::some && heddle_model::choose(2) == 0) return false;
  if (heddle_model::has_barrier(where)) let_stores_arrive(where);
  return true;
}

[[nodiscard]] inline bool has_heavy_barrier() noexcept {
  return heddle_model::current_run.has_heavy_barrier == heddle_model::heavy_barriers::all;
}

}  // namespace heddle::base
