// SPDX-License-Identifier: MIT
// The slow half of fork-join: answering who begs for work, running what was stolen, and waiting for what somebody
// stole.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <mutex>
#include <utility>

#include <heddle/base/barrier.hpp>
#include <heddle/base/cpu.hpp>
#include <heddle/base/nap.hpp>
#include <heddle/base/spin_lock.hpp>
#include <heddle/queue/task_stack.hpp>
#include <heddle/scheduling/cost_hint.hpp>
#include <heddle/scheduling/crew.hpp>
#include <heddle/scheduling/open_hand.hpp>
#include <heddle/scheduling/participant.hpp>
#include <heddle/scheduling/unanswered_plea.hpp>
#include <heddle/scheduling/worker.hpp>
#include <heddle/sync/patience.hpp>
#include <heddle/sync/put_off.hpp>
#include <heddle/sync/this_thread.hpp>

namespace heddle::scheduling {

/// How a join ended: the task was taken back and is the caller's to run, or somebody else has run it.
enum class joined { taken_back, done };

// These return true if somebody else has something of it now, or can have it.

/// Gives the oldest task to the worker whose hand the caller has reserved, if there is one that is worth it.
inline bool give(participant& here, worker& taker) noexcept {
  queue::stack_slot* const task = here.stack.publish_for(static_cast<participant*>(&taker));
  task != nullptr ? taker.hand.give(here, *task) : taker.hand.withdraw();
  return task != nullptr;
}

/// Whether somebody sleeps until the end of a task that the calling thread runs for it. Whoever's plea the caller has
/// taken away before is seen; who begs later is not forgotten.
inline bool joiners_sleep(const participant& here) noexcept {
  for (const participant::service* each = here.serves; each != nullptr; each = each->below) {
    if (each->task.has_sleeper()) return true;
  }
  return false;
}

/// Calls all of them, since something is public now. Who finds that somebody else was faster begs again.
inline void call_joiners(participant& here) noexcept {
  for (const participant::service* each = here.serves; each != nullptr; each = each->below) {
    if (each->task.call_sleeper(&here)) each->owner.wake();
  }
}

/// Somebody begs: gives to who waits awake; else publishes, and wakes somebody if nobody looks for work any more.
/// Others that sleep get what is left after a gift, or what somebody else has, or wait for the next fork.
[[gnu::noinline]] inline bool answer_beggar(participant& here) noexcept {
  const bool joiners_beg = here.stack.forget(queue::beggars::all) && joiners_sleep(here);
  worker* const taker = here.home.reserve_hand();
  const bool gave = taker != nullptr && give(here, *taker);
  const bool others_sleep = here.home.idle().somebody_is_parked() && here.home.places().ask();
  if (taker != nullptr && !others_sleep && !joiners_beg) return gave;
  if (here.stack.publish()) {
    if (joiners_beg) call_joiners(here);
    here.home.call_thief();
    return true;
  }
  if (joiners_beg) here.stack.beg(queue::beggars::asleep);
  if (others_sleep && here.home.somebody_has_forked(here)) here.home.call_thief();
  return gave;
}

/// The same, but nobody is woken for what there is.
[[gnu::noinline]] inline bool answer_who_is_awake(participant& here) noexcept {
  here.stack.forget(queue::beggars::awake);
  if (worker* const taker = here.home.reserve_hand()) return give(here, *taker);
  return here.stack.publish();
}

/// Work that took about so long was not shared: wakes somebody for what follows, if there is much of it.
inline void note_unshared(participant& here, std::chrono::nanoseconds took) noexcept {
  if (took >= worth_giving && here.home.idle().somebody_is_parked() && here.unshared.add(took)) here.home.call_thief();
}

/// Runs a task that has begun for `owner`. Who was idle is seldom the only one, and `owner` may soon wait: so the first
/// task that is forked for it is shown before anybody begs.
inline void serve(participant& here, participant& owner, queue::stack_slot& task) noexcept {
  const participant::service its{owner, task, here.serves};
  here.serves = &its;
  here.stack.beg(queue::beggars::awake);
  const bool threw = task.run(task);
  here.serves = its.below;
  if (task.end(threw)) owner.wake();
}

/// Runs a task that `here` stole from `owner`.
inline void run_stolen(participant& here, participant& owner, queue::stack_slot& stolen) noexcept {
  stolen.begin(&here, here.stack.height());
  serve(here, owner, stolen);
}

/// A task that was forked for `awaited`, in whose state `seen` was, and who forked it: its thief, or who stole what the
/// thief had forked for it, and so on, up to `farthest` thefts away. Takes it off that one's stack. Who has something
/// private is begged.
///
/// What was stolen leaves a stack under its lock only, and who runs a task has joined all that it forked when it ends.
/// So the lock of one stack keeps the part that was found there, and all on the way to it, as they are. It is given
/// back when the next one is held, for owners who wait for it.
inline open_hand::gift try_steal_part_of(const queue::stack_slot& awaited, queue::stack_slot::word seen,
                                         int farthest) noexcept {
  queue::task_stack::stolen_part part{&awaited, seen};
  std::unique_lock<base::spin_lock> held;
  for (int far = 0;; ++far) {
    auto& thief = *static_cast<participant*>(queue::stack_slot::thief_of(part.state));
    const open_hand::gift found{&thief, thief.stack.try_steal_part_of(*part.slot, part.state)};
    if (found) return found;
    if (thief.stack.has_private()) thief.stack.beg(queue::beggars::awake);
    if (far == farthest || !thief.stack.has_stolen_part_of(*part.slot)) return {};
    std::unique_lock next(thief.stack.lock(), std::try_to_lock);
    if (!next) return {};
    part = thief.stack.newest_stolen_part_of(*part.slot, part.state);
    if (part.slot == nullptr) return {};
    held = std::move(next);
  }
}

/// One look at what `here` waits for while `slot` is in the hands of a thief, whose address is its state: steals one of
/// the tasks that were made out of it, and runs it (leapfrogging, Wagner and Calder 1993). Only those: any other one is
/// not what `here` waits for, and may need what `here` holds.
inline bool try_leapfrog(participant& here, queue::stack_slot& slot, queue::stack_slot::word seen,
                         int farthest) noexcept {
  const open_hand::gift stolen = try_steal_part_of(slot, seen, farthest);
  if (!stolen) return false;
  run_stolen(here, *stolen.owner, *stolen.task);
  return true;
}

/// Sleeps until the stolen task, whose state was `seen`, has ended or its thief has forked something out of it.
inline void sleep_until_needed(participant& here, queue::stack_slot& slot, queue::stack_slot::word seen) noexcept {
  using queue::stack_slot;
  auto& thief = *static_cast<participant*>(stack_slot::thief_of(seen));
  sync::put_off::run_all();
  if (!slot.announce_sleeper(seen)) return;
  thief.stack.beg_asleep();
  // A fork that did not see us beg, and sleep, is seen here. Where there is no such barrier one may stay hidden until
  // the thief forks again.
  static_cast<void>(base::heavy_barrier());
  if (!thief.stack.expose()) {
    const sync::blocking_scope blocked(nullptr);
    here.sleep_until([&] { return slot.look() != (seen | stack_slot::sleeper_bit); });
  }
  slot.withdraw_sleeper(seen);
}

/// Waits until the stolen task has ended.
inline void wait_for_thief(participant& here, queue::stack_slot& slot) noexcept {
  using queue::stack_slot;
  constexpr unsigned looks_per_walk = 8;  // which takes locks
  constexpr int farthest = 16;            // of that
  auto patience = sync::patience::for_what_has_begun();
  unanswered_plea plea(here.home.exposing());
  for (unsigned looks = 0;;) {
    const stack_slot::word seen = slot.look();
    if (stack_slot::has_ended(seen)) return;
    // Most such waits are short, and the thief is faster while nobody looks at what it writes.
    if (patience.is_fresh()) {
      patience.pause();
      continue;
    }
    if (stack_slot::is_pending(seen)) {  // it is stolen, and about to begin
      patience.pause();
      if (patience.is_over()) base::yield();
      continue;
    }
    if (try_leapfrog(here, slot, seen, looks++ % looks_per_walk == 0 ? farthest : 0)) {
      patience.reset();
      looks = 0;
      continue;
    }
    auto& thief = *static_cast<participant*>(stack_slot::thief_of(seen));
    thief.stack.beg(queue::beggars::awake);
    patience.pause();
    // What is exposed may be nothing that this thread may take: then somebody else should know, and it must not spin
    // on.
    if (thief.stack.has_private() && plea.is_redressed(thief, patience)) here.home.call_thief();
    if (!patience.is_over()) continue;
    sleep_until_needed(here, slot, seen);
    patience.reset();
  }
}

/// Ends a fork whose task is not private any more. What a thief's run of it threw is put into `error`.
[[gnu::noinline]] inline joined join(participant& here, queue::stack_slot* slot, std::exception_ptr& error) noexcept {
  if (here.stack.try_take_back(slot)) return joined::taken_back;
  wait_for_thief(here, *slot);
  if (slot->look() == queue::stack_slot::threw) error = slot->take_error();
  here.stack.vacate(slot);
  return joined::done;
}

}  // namespace heddle::scheduling
