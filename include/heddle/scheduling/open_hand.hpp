// SPDX-License-Identifier: MIT
// The hand of a worker that waits awake for work: who forks puts a task right into it.
#pragma once

#include <cstdint>
#include <utility>

#include <heddle/base/atomic.hpp>
#include <heddle/base/cpu.hpp>
#include <heddle/queue/task_stack.hpp>

namespace heddle::scheduling {

class participant;

/// To steal is to walk over the cache lines of others, and to disturb them; to be given something is to look at one
/// line of one's own.
///
///     state_      meaning                          who changes it
///     closed      the worker takes nothing         the worker: to open
///     open        it waits for a task              the worker: to closed; a giver: to reserved
///     reserved    a giver looks what it has        that giver: to the task, or back to open
///     a task      it has been given, and perhaps   the worker: to open
///                 taken; it takes nothing more
///
/// A giver reserves the hand before it takes the task off its stack, so what it gives is surely taken. The worker waits
/// for who has reserved its hand.
class open_hand {
 public:
  /// A task that is the worker's to run, from `owner`; or nothing.
  struct gift {
    participant* owner = nullptr;
    queue::stack_slot* task = nullptr;

    [[nodiscard]] explicit operator bool() const noexcept { return task != nullptr; }
  };

  // ---- the worker

  void open() noexcept {
    taken_ = false;
    // [open_hand.2] release: giver_ was read, and may be overwritten.
    state_.store(is_open, base::release);
  }

  /// Whether something was given that close() has not returned yet. Relaxed: close() acquires.
  [[nodiscard]] bool is_full() const noexcept { return !taken_ && state_.load(base::relaxed) > reserved; }

  /// The worker takes nothing more, until open(); returns what was given before. The state is left as it is then: to
  /// write there is to ask for the line that the giver has, and the worker's next barrier would wait for that.
  [[nodiscard]] gift close() noexcept {
    for (;;) {
      // [open_hand.1] acquire: the task, and the giver.
      word seen = state_.load(base::acquire);
      if (seen > reserved) {
        if (std::exchange(taken_, true)) return {};
        return {giver_.load(base::relaxed), reinterpret_cast<queue::stack_slot*>(seen)};  // relaxed: acquired above
      }
      // relaxed: nothing was given.
      if (seen == closed ||
          (seen == is_open && state_.compare_exchange_strong(seen, closed, base::relaxed, base::relaxed)))
        return {};
      base::pause();
    }
  }

  // ---- givers, any thread

  /// May be stale. Relaxed: a hint.
  [[nodiscard]] bool is_open_hint() const noexcept { return state_.load(base::relaxed) == is_open; }

  /// True if the caller is to call give() or withdraw(), soon.
  [[nodiscard]] bool try_reserve() noexcept {
    word expected = is_open;
    // [open_hand.2] acquire: the worker has read giver_.
    return state_.compare_exchange_strong(expected, reserved, base::acquire, base::relaxed);
  }

  /// The worker runs the task from here on.
  void give(participant& owner, queue::stack_slot& task) noexcept {
    giver_.store(&owner, base::relaxed);  // relaxed: released with the state
    // [open_hand.1] release: the task.
    state_.store(reinterpret_cast<word>(&task), base::release);
  }

  void withdraw() noexcept {
    // [open_hand.2] release: for the next giver, what the worker released.
    state_.store(is_open, base::release);
  }

 private:
  using word = std::uintptr_t;

  static constexpr word closed = 0;
  static constexpr word is_open = 1;
  static constexpr word reserved = 2;

  bool taken_ = false;  // the worker's: what the state says was returned by close()
  alignas(base::cache_line) base::atomic<word> state_{closed};
  base::atomic<participant*> giver_{nullptr};  // written by who has reserved the hand
};

}  // namespace heddle::scheduling
