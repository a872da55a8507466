// SPDX-License-Identifier: MIT
// Who has a task that was given to a worker: one word for each, in memory that both sides share.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <heddle/base/atomic.hpp>

namespace heddle::process {

/// The program offers tasks to one worker, in order, and may revoke each until the worker claims it. Both is one
/// compare-exchange from `ready`, so exactly one of them has the task: a task may lie in front of a worker for long and
/// still be taken back, and what a worker has claimed when it dies is known.
///
/// A slot holds `sequence * 4 + state`. The program writes it to offer a task, when the worker has passed the one that
/// was there before; afterwards both write it, once.
///
/// The worker is not trusted: what it writes here decides only which of its own tasks it is said to have.
class task_slots {
 public:
  /// How many tasks may be with a worker at a time.
  static constexpr std::size_t capacity = 128;
  using sequence = std::uint64_t;  // from 1 on

  enum class state : std::uint8_t { ready = 1, claimed = 2, revoked = 3 };
  enum class taken : std::uint8_t { nothing, claimed, revoked };

  // ---- the program

  /// What was written for the task is there for who claims it, or finds it revoked.
  void offer(sequence task) noexcept {
    word_of(task).store(word(task, state::ready), base::release);  // [task_slots.1] release: see take()
  }

  /// Whether the task is the program's again. If it is not, what the worker has done before it claimed it is visible.
  [[nodiscard]] bool try_revoke(sequence task) noexcept {
    std::uint64_t expected = word(task, state::ready);
    // [task_slots.2] acquire, both: see take(). (Not needed where it succeeds, but GCC allows no less there.)
    return word_of(task).compare_exchange_strong(expected, word(task, state::revoked), base::acquire, base::acquire);
  }

  /// Of a worker that has ended: its end was told by the system, which orders what it wrote.
  [[nodiscard]] bool was_claimed(sequence task) const noexcept {
    return slots_[task % capacity].load(base::relaxed) == word(task, state::claimed);  // relaxed: as above
  }

  // ---- the worker

  /// Takes the task, which follows the one that was taken last, if it has been offered. One that was revoked is passed.
  [[nodiscard]] taken take(sequence task) noexcept {
    std::uint64_t seen = word(task, state::ready);
    // [task_slots.1] acquire, both: what was written for the task; [task_slots.2] release: the answers to those before.
    if (word_of(task).compare_exchange_strong(seen, word(task, state::claimed), base::acq_rel, base::acquire))
      return taken::claimed;
    return seen == word(task, state::revoked) ? taken::revoked : taken::nothing;
  }

  /// Whether take() finds something. relaxed: take() acquires.
  [[nodiscard]] bool was_offered(sequence task) const noexcept {
    return slots_[task % capacity].load(base::relaxed) >> 2 == task;
  }

 private:
  static constexpr std::uint64_t word(sequence task, state its) noexcept {
    return task << 2 | static_cast<std::uint64_t>(its);
  }
  [[nodiscard]] base::atomic<std::uint64_t>& word_of(sequence task) noexcept { return slots_[task % capacity]; }

  std::array<base::atomic<std::uint64_t>, capacity> slots_{};
};

}  // namespace heddle::process
