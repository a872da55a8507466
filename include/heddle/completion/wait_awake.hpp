// SPDX-License-Identifier: MIT
// How long a thread waits awake before it sleeps.
#pragma once

#include <chrono>

#include <heddle/sync/deadline.hpp>
#include <heddle/sync/put_off.hpp>
#include <heddle/sync/spin_wait.hpp>
#include <heddle/sync/this_thread.hpp>
#include <heddle/sync/wake_mark.hpp>

namespace heddle::completion {

/// Waits until `done()`: first this thread does what it has put off, whatever the deadline, for it may wait for just
/// that; then it waits awake for a short time, unless this thread has just woken another one, and then by
/// `sleep(until)`, which says whether it is done. False if the deadline came first.
template <class Done, class Sleep>
bool wait_awake_then_asleep(sync::deadline until, const Done& done, const Sleep& sleep) {
  const auto has_passed = [until] { return until != sync::no_deadline && std::chrono::steady_clock::now() >= until; };
  sync::put_off::run_all();
  if (done()) return true;
  const sync::thread_context* const here = sync::current_context::get();
  const bool keeps_a_place = here != nullptr && here->home() != nullptr;
  const bool may_spin = !sync::wake_mark::take();
  if (may_spin && sync::spin_until([&] { return done() || has_passed(); })) {
    if (done()) return true;
    if (!keeps_a_place) return false;
  }
  if (keeps_a_place && until != sync::no_deadline) {
    // A worker that asks again and again, however shortly, must not keep away who would run what it waits for: so it
    // sleeps at least as long as it may spin.
    const sync::deadline soonest = std::chrono::steady_clock::now() + sync::spin_limit;
    if (until < soonest) until = soonest;
  }
  return sleep(until);
}

}  // namespace heddle::completion
