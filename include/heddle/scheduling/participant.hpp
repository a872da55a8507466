// SPDX-License-Identifier: MIT
// Who takes part in a pool's work: one of its workers, or an outside thread that is its guest.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include <heddle/base/atomic.hpp>
#include <heddle/base/cpu.hpp>
#include <heddle/queue/task_stack.hpp>
#include <heddle/scheduling/unshared_work.hpp>
#include <heddle/sync/deadline.hpp>
#include <heddle/sync/park.hpp>

namespace heddle::scheduling {

class crew;

/// The record of a participant. It lives as long as its pool, so a late thief or waker finds it empty, never gone.
class alignas(base::cache_line) participant {
 public:
  participant(crew& its_crew, std::size_t stack_slots) : home(its_crew), stack(stack_slots) {}
  participant(const participant&) = delete;
  participant& operator=(const participant&) = delete;

  /// The participant that the calling thread is now, or null.
  using current = base::per_thread_pointer<participant, participant>;

  /// Sleeps until `condition()` holds, of which wake() tells that it may. False if the deadline comes first.
  template <class Condition>
  bool sleep_until(Condition condition, sync::deadline until = sync::no_deadline) noexcept {
    for (;;) {
      // [participant.1] acquire: who saw the signal of a wake() sees what came before it.
      const std::uint32_t seen = signal_.load(base::acquire);
      if (condition()) return true;
      if (until != sync::no_deadline && std::chrono::steady_clock::now() >= until) return false;
      sync::park_until(signal_, seen, until);
    }
  }

  /// Any thread, also when nobody sleeps.
  void wake() noexcept {
    signal_.fetch_add(1, base::release);  // [participant.1] release: see sleep_until()
    sync::unpark_all(&signal_);
  }

  /// A task that its thread runs for another participant; a list, the newest first.
  struct service {
    participant& owner;
    queue::stack_slot& task;
    const service* below;
  };

  crew& home;
  unshared_work unshared;           // its thread's own
  const service* serves = nullptr;  // its thread's own
  queue::task_stack stack;

 private:
  alignas(base::cache_line) sync::parking_word signal_{0};
};

}  // namespace heddle::scheduling
