// SPDX-License-Identifier: MIT
// Continuations run one after the other, however long their chain is: one that becomes due in another waits for its
// end.
#pragma once

#include <heddle/completion/waiter.hpp>
#include <heddle/queue/job.hpp>
#include <heddle/sync/put_off.hpp>

namespace heddle::completion {

/// A trampoline: what becomes due in this thread while it runs a continuation, to be run when that has returned. Jobs
/// are run in the order in which they became due, and are in no other queue. Before them come the ends of calls that
/// are told here (dependent.hpp), which would else end those that wait for them inside of their own end.
class deferred_jobs final : public sync::put_off {
 public:
  /// Runs `due` here, and then what becomes due meanwhile; or leaves it to who does that already, below on this stack.
  static void run(queue::job& due) noexcept { drain_or_defer(due); }

  /// The same for a waiter that is in no list: tells it.
  static void tell(waiter& due) noexcept { drain_or_defer(due); }

 private:
  deferred_jobs() noexcept
      : put_off([](put_off& self) noexcept { return static_cast<deferred_jobs&>(self).drain(); }) {}

  template <class Due>
  static void drain_or_defer(Due& due) noexcept {
    if (put_off* const outer = current::get()) return static_cast<deferred_jobs*>(outer)->push(due);
    deferred_jobs mine;
    current::set(&mine);
    mine.push(due);
    mine.drain();
    current::set(nullptr);
  }

  void push(queue::job& added) noexcept {
    added.next = nullptr;
    if (first_ == nullptr) {
      first_ = &added;
    } else {
      last_->next = &added;
    }
    last_ = &added;
  }

  void push(waiter& added) noexcept {
    added.next = untold_;
    untold_ = &added;
  }

  /// True if there was anything.
  bool drain() noexcept {
    bool was_empty = true;
    if (++depth_ <= most_nested) {
      while (run_next()) was_empty = false;
    }
    --depth_;
    return !was_empty;
  }

  bool run_next() noexcept {
    if (waiter* const newest = untold_) {
      untold_ = newest->next;
      newest->notify(*newest);
    } else if (queue::job* const oldest = first_) {
      first_ = oldest->next;
      oldest->run();
    } else {
      return false;
    }
    return true;
  }

  static constexpr unsigned most_nested = 64;

  queue::job* first_ = nullptr;
  queue::job* last_ = nullptr;
  waiter* untold_ = nullptr;
  unsigned depth_ = 0;
};

}  // namespace heddle::completion
