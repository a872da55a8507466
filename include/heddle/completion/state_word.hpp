// SPDX-License-Identifier: MIT
// The one word that decides everything about a task: who runs it, how it ended, who waits, who frees it.
#pragma once

#include <cstdint>

#include <heddle/base/atomic.hpp>
#include <heddle/base/cpu.hpp>
#include <heddle/completion/waiter.hpp>

namespace heddle::completion {

/// Bit 2 set means terminal: what follows from the phase can be read, and does not change while the handle is there.
enum class phase : std::uint8_t {
  pending = 0,
  running = 1,
  cancelling = 2,
  waiting = 3,  // as pending, but not to be run before what it waits for is done
  value = 4,
  error = 5,
  cancelled = 6
};

[[nodiscard]] constexpr bool is_terminal(phase p) noexcept { return (static_cast<unsigned>(p) & 4U) != 0; }
[[nodiscard]] constexpr bool has_not_begun(phase p) noexcept { return p == phase::pending || p == phase::waiting; }
[[nodiscard]] constexpr bool is_cancelled(phase p) noexcept { return p == phase::cancelling || p == phase::cancelled; }

/// The state word of a task or a promise.
///
///     bits   content
///     0-2    phase: waiting -> pending -> running -> value | error; waiting, pending -> cancelling -> cancelled;
///            waiting -> running where who is told that it is due runs it, or ends it; pending -> waiting: see
///            make_waiting(); pending -> value | error: a promise
///     3      dropped: the handle (the future) is gone
///     4      dequeued: no queue refers to the task
///     5      busy: before the end, somebody unlinks a waiter; after it, the completer still tells the waiters
///     6      held: somebody who cancels the task tells its queue so, which is not to let go of the task before
///     7-63   the newest waiter's address, divided by 16: waiters are aligned to 16, and the three highest bits of a
///            user-space address without tags are zero on every system that heddle runs on
///
/// Claim and cancel are one CAS each, a waiter's claim from `pending` and all others from `waiting` too, so exactly one
/// of {the worker that popped the task, a waiter that claims it, cancel(), a refusing queue, who ends it as what it
/// waited for} owns it. Only that owner completes the word, once, by one CAS that makes the result visible and takes
/// the list: no waiter is added late or lost. A promise need not claim its word before (try_complete()).
///
/// There is no reference count. Three parties refer to a task: its handle, its queue, its completer. Each leaves by a
/// read-modify-write that sets its bit (the completer: the terminal phase, not busy), so exactly one of them produces
/// the word in which all three have left; that call returns `last_owner::yes`, and the caller frees the task.
class state_word {
 public:
  enum class queued : std::uint8_t { no, yes };
  enum class last_owner : std::uint8_t { no, yes };
  enum class dequeue_result : std::uint8_t { claimed, taken, free };

  explicit state_word(queued is_queued, phase first = phase::pending) noexcept
      : word_(static_cast<std::uint64_t>(first) | (is_queued == queued::yes ? 0 : dequeued_bit)) {}
  state_word(const state_word&) = delete;
  state_word& operator=(const state_word&) = delete;

  [[nodiscard]] phase current() const noexcept {
    // [state_word.1] acquire: who sees a terminal phase also sees the result, see complete().
    return phase_of(word_.load(base::acquire));
  }

  /// Makes the caller the owner of a pending task: `taken_as` is running, or cancelling. It stays in its queue as a
  /// tombstone. Returns the phase that was found.
  phase try_claim(phase taken_as) noexcept {
    return claim_if([](phase found) { return found == phase::pending; }, taken_as);
  }

  /// The same of a waiting one too, which the caller is not to run.
  phase try_claim_unrun(phase taken_as) noexcept { return claim_if(has_not_begun, taken_as); }

  /// The same for who cancels it. If it was pending, the queue that it is in stays until let_queue_go().
  phase try_cancel_in_queue() noexcept {
    std::uint64_t seen = word_.load(base::relaxed);  // relaxed: only compared with
    while (has_not_begun(phase_of(seen))) {
      const std::uint64_t held = phase_of(seen) == phase::pending ? held_bit : 0;
      // relaxed: the task will not be run, and all else was written before it was handed out; see claim_if().
      if (word_.compare_exchange_weak(seen, with_phase(seen, phase::cancelling) | held, base::relaxed, base::relaxed))
        break;
    }
    return phase_of(seen);
  }

  void let_queue_go() noexcept {
    word_.fetch_and(~held_bit, base::release);  // [state_word.7] release: leave_queue() acquires, and the queue may go
  }

  /// What the task waited for is done: waiting -> pending. False if the task was cancelled, or has failed, meanwhile.
  [[nodiscard]] bool make_pending() noexcept {
    std::uint64_t seen = word_.load(base::relaxed);  // relaxed: only compared with
    while (phase_of(seen) == phase::waiting) {
      // [state_word.6] release: whoever claims the task reads what it waited for.
      if (word_.compare_exchange_weak(seen, with_phase(seen, phase::pending), base::release, base::relaxed))
        return true;
    }
    return false;
  }

  /// Takes make_pending() back, unless somebody has claimed the task meanwhile. No queue is told of it from now on.
  void make_waiting() noexcept {
    for (;;) {
      std::uint64_t seen = word_.load(base::acquire);  // [state_word.7] acquire: see let_queue_go()
      if ((seen & held_bit) != 0) {
        base::pause();
      } else if (phase_of(seen) != phase::pending ||
                 // relaxed: a later owner reads what make_pending() has published.
                 word_.compare_exchange_weak(seen, with_phase(seen, phase::waiting), base::relaxed, base::relaxed)) {
        return;
      }
    }
  }

  /// The queue lets go of the task: claims it as `taken_as` in the same step if it has not begun (`claimed`); else it
  /// was a tombstone (`taken`), which the caller frees if everybody else has left (`free`).
  [[nodiscard]] dequeue_result leave_queue(phase taken_as) noexcept {
    // [state_word.3] acquire: when everybody else has left already, no write is needed to tell them. Else only compared
    //   with.
    std::uint64_t seen = word_.load(base::acquire);
    if (everybody_left(seen | dequeued_bit)) return dequeue_result::free;
    for (;;) {
      if ((seen & held_bit) != 0) [[unlikely]] {
        base::pause();
        seen = word_.load(base::relaxed);  // relaxed: the CAS that follows acquires
        continue;
      }
      const bool pending = has_not_begun(phase_of(seen));
      const std::uint64_t next = (pending ? with_phase(seen, taken_as) : seen) | dequeued_bit;
      // [state_word.3] acq_rel: each party's last accesses happen before the last one frees the task. [state_word.7]
      //   acquire: see let_queue_go().
      if (word_.compare_exchange_weak(seen, next, base::acq_rel, base::relaxed)) {
        if (pending) return dequeue_result::claimed;
        return everybody_left(next) ? dequeue_result::free : dequeue_result::taken;
      }
    }
  }

  /// Ends the task. The caller owns it, has written its result, and tells the waiters by notify_and_leave().
  [[nodiscard]] last_owner complete(phase terminal) noexcept {
    auto last = last_owner::no;
    static_cast<void>(try_end(terminal, last, [](phase) { return true; }));
    return last;
  }

  /// The same, but tells blocked threads only. If there are continuations, the caller has them then, and does not leave
  /// before tell_and_leave(): they may be told in another thread.
  [[nodiscard]] last_owner complete_apart(phase terminal, waiter*& continuations) noexcept {
    auto last = last_owner::no;
    static_cast<void>(try_end(
        terminal, last, [](phase) { return true; },
        [&](waiter* list) {
          continuations = notify_threads(list);
          return continuations == nullptr ? leave() : last_owner::no;
        }));
    return last;
  }

  [[nodiscard]] last_owner tell_and_leave(waiter* continuations) noexcept {
    notify_in_order(continuations);
    return leave();
  }

  /// As complete(), for a task that only the caller completes, but need not have claimed; false if cancel() was faster.
  [[nodiscard]] bool try_complete(phase terminal, last_owner& last) noexcept {
    return try_end(terminal, last, [](phase found) { return !is_cancelled(found); });
  }

  /// Adds a waiter; false if the word is terminal and the waiter will not be told.
  [[nodiscard]] bool try_add(waiter& added) noexcept {
    // [state_word.1] acquire: on failure the caller reads the result.
    std::uint64_t seen = word_.load(base::acquire);
    while (!is_terminal(phase_of(seen))) {
      added.next = waiters_of(seen);
      // [state_word.4] release: complete() and try_remove() acquire the node.
      if (word_.compare_exchange_weak(seen, with_waiters(seen, &added), base::release, base::acquire)) return true;
    }
    return false;
  }

  /// Takes a waiter back out; false if it is too late: it was told, or is about to be.
  [[nodiscard]] bool try_remove(waiter& removed) noexcept {
    std::uint64_t seen = word_.load(base::relaxed);  // relaxed: only compared with
    for (;;) {
      if (is_terminal(phase_of(seen))) return false;
      if ((seen & busy_bit) != 0) {
        seen = wait_until_idle();
        continue;
      }
      // [state_word.4] acquire: the nodes that others added. [state_word.5] acquire: what the previous remover
      // unlinked.
      if (word_.compare_exchange_weak(seen, seen | busy_bit, base::acquire, base::relaxed)) break;
    }
    unlink(removed);
    return true;
  }

  /// The handle lets go of the task.
  [[nodiscard]] last_owner drop_handle() noexcept {
    // [state_word.3] acquire: when everybody else has left already, no write is needed to tell them.
    if (everybody_left(word_.load(base::acquire) | dropped_bit)) return last_owner::yes;
    // [state_word.3] acq_rel: see leave_queue().
    const std::uint64_t before = word_.fetch_or(dropped_bit, base::acq_rel);
    return everybody_left(before | dropped_bit) ? last_owner::yes : last_owner::no;
  }

  /// Whether only a queue would keep the result when the handle leaves. Then the handle destroys it, and leaves by
  /// drop_handle_and_result(): who empties the queue later may be in the middle of anything.
  [[nodiscard]] bool only_queue_keeps_result() const noexcept {
    // [state_word.1] acquire: the result is destroyed.
    const std::uint64_t seen = word_.load(base::acquire);
    const phase ended = phase_of(seen);
    return (ended == phase::value || ended == phase::error) && (seen & (dequeued_bit | busy_bit)) == 0;
  }

  /// The handle lets go of a task that has no result any more, as if it had been cancelled.
  [[nodiscard]] last_owner drop_handle_and_result() noexcept {
    std::uint64_t seen = word_.load(base::relaxed);  // relaxed: only compared with
    for (;;) {
      const std::uint64_t next = with_phase(seen, phase::cancelled) | dropped_bit;
      // [state_word.3] acq_rel: see leave_queue().
      if (word_.compare_exchange_weak(seen, next, base::acq_rel, base::relaxed))
        return everybody_left(next) ? last_owner::yes : last_owner::no;
    }
  }

 private:
  template <class MayClaim>
  phase claim_if(MayClaim may_claim, phase taken_as) noexcept {
    std::uint64_t seen = word_.load(base::relaxed);  // relaxed: only compared with
    while (may_claim(phase_of(seen))) {
      // [state_word.6] acquire: what the task waited for, see make_pending(). Its callable was written before it was
      // handed out, and whoever handed it over ordered that: the queue its mutex, the user the handle.
      if (word_.compare_exchange_weak(seen, with_phase(seen, taken_as), base::acquire, base::relaxed)) break;
    }
    return phase_of(seen);
  }

  static constexpr std::uint64_t phase_bits = 7;
  static constexpr std::uint64_t dropped_bit = 8;
  static constexpr std::uint64_t dequeued_bit = 16;
  static constexpr std::uint64_t busy_bit = 32;
  static constexpr std::uint64_t held_bit = 64;
  static constexpr std::uint64_t sticky_bits = dropped_bit | dequeued_bit;
  static constexpr std::uint64_t flag_bits = 127;
  static constexpr unsigned address_shift = 3;  // seven flags in the room of four zero bits, see the class

  static phase phase_of(std::uint64_t word) noexcept { return static_cast<phase>(word & phase_bits); }
  static std::uint64_t with_phase(std::uint64_t word, phase next) noexcept {
    return (word & ~phase_bits) | static_cast<std::uint64_t>(next);
  }
  static waiter* waiters_of(std::uint64_t word) noexcept {
    return reinterpret_cast<waiter*>(static_cast<std::uintptr_t>((word & ~flag_bits) >> address_shift));
  }
  static std::uint64_t with_waiters(std::uint64_t word, const waiter* newest) noexcept {
    return (word & flag_bits) | (static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(newest)) << address_shift);
  }
  static bool everybody_left(std::uint64_t word) noexcept {
    constexpr std::uint64_t left = 4 | dropped_bit | dequeued_bit;  // 4: terminal
    return (word & (left | busy_bit)) == left;
  }

  template <class MayEnd>
  [[nodiscard]] bool try_end(phase terminal, last_owner& last, MayEnd may_end) noexcept {
    return try_end(terminal, last, may_end, [this](waiter* list) { return notify_and_leave(list); });
  }

  /// `tell(list)` tells who waits, if anybody does, and leaves.
  template <class MayEnd, class Tell>
  [[nodiscard]] bool try_end(phase terminal, last_owner& last, MayEnd may_end, Tell tell) noexcept {
    std::uint64_t seen = word_.load(base::relaxed);  // relaxed: only compared with
    for (;;) {
      if (!may_end(phase_of(seen))) return false;
      if ((seen & busy_bit) != 0) {
        seen = wait_until_idle();
        continue;
      }
      waiter* const list = waiters_of(seen);
      const std::uint64_t next = (seen & sticky_bits) | static_cast<std::uint64_t>(terminal) | (list ? busy_bit : 0);
      // [state_word.1] release: publishes the result. [state_word.3] acq_rel: if the others have left, we free.
      // [state_word.4] acquire: the waiters that were added. [state_word.5] acquire: what removers unlinked.
      if (!word_.compare_exchange_weak(seen, next, base::acq_rel, base::relaxed)) continue;
      last = list != nullptr ? tell(list) : everybody_left(next) ? last_owner::yes : last_owner::no;
      return true;
    }
  }

  [[nodiscard]] std::uint64_t wait_until_idle() const noexcept {
    std::uint64_t seen = word_.load(base::relaxed);  // relaxed: the CAS that follows acquires
    while ((seen & busy_bit) != 0 && !is_terminal(phase_of(seen))) {
      base::pause();
      seen = word_.load(base::relaxed);  // relaxed: as above
    }
    return seen;
  }

  /// The completer tells the list and then leaves: until then the busy bit keeps the task alive.
  [[nodiscard, gnu::noinline]] last_owner notify_and_leave(waiter* list) noexcept {
    notify_all(list);
    return leave();
  }

  last_owner leave() noexcept {
    // [state_word.3] acq_rel: see leave_queue().
    const std::uint64_t before = word_.fetch_and(~busy_bit, base::acq_rel);
    return everybody_left(before & ~busy_bit) ? last_owner::yes : last_owner::no;
  }

  /// The caller holds the busy bit, so the list changes at its head only, where others add.
  void unlink(waiter& removed) noexcept {
    // [state_word.4] acquire: nodes that were added since the busy bit was set.
    std::uint64_t seen = word_.load(base::acquire);
    while (waiters_of(seen) == &removed) {
      // [state_word.5] release: the next remover, or complete(), continues from here.
      if (word_.compare_exchange_weak(seen, with_waiters(seen, removed.next) & ~busy_bit, base::release,
                                      base::acquire)) {
        return;
      }
    }
    waiter* before = waiters_of(seen);
    while (before->next != &removed) before = before->next;
    before->next = removed.next;
    word_.fetch_and(~busy_bit, base::release);  // [state_word.5] release: as above
  }

  base::atomic<std::uint64_t> word_;
};

}  // namespace heddle::completion
