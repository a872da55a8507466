// SPDX-License-Identifier: MIT
// Whether somebody who is begged for work is too busy to answer.
#pragma once

#include <chrono>

#include <heddle/base/atomic.hpp>
#include <heddle/scheduling/participant.hpp>
#include <heddle/sync/patience.hpp>

namespace heddle::scheduling {

/// What a thread that waits remembers of one of those whom it begs, to expose the tasks of that one if it does not look
/// up: who does answers within microseconds, and to expose its tasks would only keep it from that, and interrupt every
/// processor that runs a thread of the program (see base::heavy_barrier()). Of all who wait one exposes at a time.
class unanswered_plea {
 public:
  using turn = base::atomic<bool>;

  explicit unanswered_plea(turn& taken) noexcept : taken_(taken) {}

  /// The thread has begged of `busy`, and looks at its clock, `patience`. Exposes what `busy` has if that has not
  /// answered for long. True if something is public then.
  bool is_redressed(participant& busy, const sync::patience& patience) noexcept {
    if (whom_ == nullptr) return note(busy, patience);
    if (whom_ != &busy) return false;
    is_there_ = true;
    if (busy.stack.answers() != answers_) return note(busy, patience);
    if (patience.spent() - since_ < sync::patience::worn_after) return false;
    // relaxed, both: it guards no data.
    if (taken_.load(base::relaxed) || taken_.exchange(true, base::relaxed)) return false;
    const bool exposed = busy.stack.try_expose();
    taken_.store(false, base::relaxed);  // relaxed: as above
    note(busy, patience);
    return exposed;
  }

  /// After a look at all: one that had nothing any more is forgotten.
  void end_look() noexcept {
    if (!is_there_) whom_ = nullptr;
    is_there_ = false;
  }

 private:
  bool note(participant& busy, const sync::patience& patience) noexcept {
    whom_ = &busy;
    answers_ = busy.stack.answers();
    since_ = patience.spent();
    is_there_ = true;
    return false;
  }

  turn& taken_;
  const participant* whom_ = nullptr;
  unsigned answers_ = 0;
  std::chrono::nanoseconds since_{0};
  bool is_there_ = false;
};

}  // namespace heddle::scheduling
