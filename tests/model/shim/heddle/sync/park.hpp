// SPDX-License-Identifier: MIT
// In place of heddle/sync/park.hpp: a futex for simulated threads, which orders no memory and may wake for no reason.
#pragma once

#include <cstdint>
#include <source_location>

#include <heddle/base/atomic.hpp>
#include <heddle/sync/deadline.hpp>

#include "model/model.hpp"

namespace heddle::sync {

using parking_word = base::atomic<std::uint32_t>;

/// Deadlines of models have always passed: when the thread notices is up to the interleaving. A sleep ends for no
/// reason at most once in each thread, or an interleaving would have no end.
inline void park_until(const parking_word& word, std::uint32_t expected, deadline until,
                       std::source_location where = std::source_location::current()) noexcept {
  rl::context& context = rl::ctx();
  auto& run = heddle_model::current_run;
  const rl::thread_id_t self = context.current_thread();
  context.sched();
  // From here on to the sleep one step, as in the kernel.
  bool& woke_for_no_reason = run.woke_for_no_reason[self];
  if (until != no_deadline) run.deadline_passed[self] = true;
  const bool returns_at_once = until != no_deadline || word.newest() != expected ||
                               (!woke_for_no_reason && (woke_for_no_reason = heddle_model::choose(2) != 0));
  if (returns_at_once) {
    context.yield(1, heddle_model::place(where));
    return;
  }
  run.sleeping[run.sleeping_count++] = {&word, self};
  context.park_current_thread(false, false, false, heddle_model::place(where));
}

/// False if nobody sleeps at the address; who of several wakes is up to the interleaving.
inline bool wake_one(const parking_word* address, std::source_location where) noexcept {
  auto& run = heddle_model::current_run;
  std::size_t candidates[heddle_model::run_state::most_threads];
  unsigned count = 0;
  for (std::size_t i = 0; i < run.sleeping_count; ++i) {
    if (run.sleeping[i].address == address) candidates[count++] = i;
  }
  if (count == 0) return false;
  const std::size_t chosen = candidates[count == 1 ? 0 : heddle_model::choose(count)];
  const rl::thread_id_t woken = run.sleeping[chosen].thread;
  run.sleeping[chosen] = run.sleeping[--run.sleeping_count];
  rl::ctx().unpark_thread(woken, false, heddle_model::place(where));
  return true;
}

inline void unpark_one(const parking_word* address,
                       std::source_location where = std::source_location::current()) noexcept {
  rl::ctx().sched();
  wake_one(address, where);
}

inline void unpark_all(const parking_word* address,
                       std::source_location where = std::source_location::current()) noexcept {
  rl::ctx().sched();
  while (wake_one(address, where)) {
  }
}

/// Processes are threads here.
inline void park_shared_until(const parking_word& word, std::uint32_t expected, deadline until,
                              std::source_location where = std::source_location::current()) noexcept {
  park_until(word, expected, until, where);
}
inline void unpark_shared(const parking_word* address,
                          std::source_location where = std::source_location::current()) noexcept {
  unpark_one(address, where);
}

}  // namespace heddle::sync
