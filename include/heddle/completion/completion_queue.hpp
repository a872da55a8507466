// SPDX-License-Identifier: MIT
// Where many states report their end to one thread, which learns of each once, in the order of completion.
#pragma once

#include <cstddef>
#include <cstdint>

#include <heddle/base/atomic.hpp>
#include <heddle/completion/shared_state.hpp>
#include <heddle/completion/wait_awake.hpp>
#include <heddle/completion/waiter.hpp>
#include <heddle/sync/deadline.hpp>
#include <heddle/sync/this_thread.hpp>

namespace heddle::completion {

/// A stack that completers push onto and its owner takes whole: so no entry is popped singly and the ABA problem does
/// not arise (Treiber's stack, drained at once). All members but the push belong to one thread at a time, the owner.
///
/// `word_` holds the newest entry; or nothing; or the owner that sleeps, with bit 0 set: then whoever brings the first
/// entry puts it there instead, and wakes the owner. A completer touches nothing of the queue after its entry is in it,
/// and of a sleeper nothing but its address after the count; so the owner may go as soon as no entry is outstanding.
class completion_queue {
 public:
  /// The place of one state in the queue. It stays where it is while it is outstanding.
  class entry : public waiter {
   public:
    entry() noexcept : waiter(kind::blocked_thread, &report) {}

    /// The entry that arrived after this one, of those that one take_arrived() returned.
    [[nodiscard]] entry* later() const noexcept { return static_cast<entry*>(static_cast<waiter*>(next)); }

    [[nodiscard]] state_base& state() const noexcept { return *state_; }

    /// True from try_watch() until the entry was taken, or taken back.
    [[nodiscard]] bool is_outstanding() const noexcept { return outstanding_; }

   private:
    friend class completion_queue;
    static void report(waiter& self) noexcept {
      auto& arrived = static_cast<entry&>(self);
      arrived.queue_->push(arrived);
    }

    bool outstanding_ = false;  // first, where the base class leaves room
    completion_queue* queue_ = nullptr;
    state_base* state_ = nullptr;
  };

  completion_queue() noexcept = default;
  completion_queue(const completion_queue&) = delete;
  completion_queue& operator=(const completion_queue&) = delete;

  /// `watching` will arrive once when `watched` is done; false, and it will not, if that is done already.
  [[nodiscard]] bool try_watch(entry& watching, state_base& watched) noexcept {
    watching.queue_ = this;
    watching.state_ = &watched;
    if (!watched.try_add(watching)) return false;
    watching.outstanding_ = true;
    ++outstanding_;
    return true;
  }

  /// Takes the entry back, if it has not arrived and is not about to.
  void try_unwatch(entry& watching) noexcept {
    if (!watching.outstanding_ || !watching.state_->try_remove(watching)) return;
    watching.outstanding_ = false;
    --outstanding_;
  }

  /// How many entries have not been taken, or taken back.
  [[nodiscard]] std::size_t outstanding() const noexcept { return outstanding_; }

  [[nodiscard]] bool has_arrived() const noexcept {
    return word_.load(base::relaxed) != nothing;  // relaxed: take_arrived() acquires
  }

  /// What has arrived, oldest first; null if nothing has.
  [[nodiscard]] entry* take_arrived() noexcept {
    if (!has_arrived()) return nullptr;
    // [completion_queue.1] acquire: the entries, and what was done before they arrived; see push().
    entry* newest = entry_of(word_.exchange(nothing, base::acquire));
    entry* oldest = nullptr;
    while (newest != nullptr) {
      entry* const older = newest->later();
      newest->next = oldest;
      newest->outstanding_ = false;
      --outstanding_;
      oldest = newest;
      newest = older;
    }
    return oldest;
  }

  /// Waits until something has arrived; false if the deadline comes first. A wait for nothing never ends.
  bool wait_until(sync::deadline until) {
    if (has_arrived()) return true;
    if (until == sync::no_wait) return false;
    return wait_awake_then_asleep(
        until, [this] { return has_arrived(); }, [this](sync::deadline latest) { return sleep_until(latest); });
  }

  /// Waits for those that are about to arrive after try_unwatch() came too late for them. Never for long.
  void take_outstanding() noexcept {
    while (outstanding_ != 0) {
      if (take_arrived() == nullptr) sleep_until(sync::no_deadline);
    }
  }

 private:
  static constexpr std::uintptr_t nothing = 0;
  static constexpr std::uintptr_t sleeper_bit = 1;

  static entry* entry_of(std::uintptr_t word) noexcept { return reinterpret_cast<entry*>(word); }

  void push(entry& arrived) noexcept {
    std::uintptr_t seen = word_.load(base::relaxed);  // relaxed: only compared with
    for (;;) {
      const bool is_awaited = (seen & sleeper_bit) != 0;
      arrived.next = is_awaited ? nullptr : entry_of(seen);
      // [completion_queue.1] release: take_arrived() acquires. [completion_queue.2] acquire: the sleeper is made.
      if (word_.compare_exchange_weak(seen, reinterpret_cast<std::uintptr_t>(&arrived), base::acq_rel, base::relaxed)) {
        if (is_awaited) reinterpret_cast<blocked_thread*>(seen - sleeper_bit)->count_down();
        return;
      }
    }
  }

  [[gnu::noinline]] bool sleep_until(sync::deadline until) noexcept {
    blocked_thread sleeper{1};
    const std::uintptr_t asleep = reinterpret_cast<std::uintptr_t>(&sleeper) + sleeper_bit;
    std::uintptr_t seen = nothing;
    // [completion_queue.2] release: push() finds the sleeper.
    if (!word_.compare_exchange_strong(seen, asleep, base::release, base::relaxed)) return true;
    const sync::blocking_scope blocked{nullptr};
    if (sleeper.wait_until(until)) return true;
    seen = asleep;
    // relaxed: nobody has seen the sleeper.
    if (word_.compare_exchange_strong(seen, nothing, base::relaxed, base::relaxed)) return false;
    return sleeper.wait_until(sync::no_deadline);  // too late: somebody is about to wake this thread
  }

  base::atomic<std::uintptr_t> word_{nothing};
  std::size_t outstanding_ = 0;
};

}  // namespace heddle::completion
