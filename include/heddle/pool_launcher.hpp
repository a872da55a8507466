// SPDX-License-Identifier: MIT
// How a call that is due later gets into a thread pool, which may be gone by then.
#pragma once

#include <exception>

#include <heddle/completion/state_word.hpp>
#include <heddle/errors.hpp>
#include <heddle/queue/job.hpp>
#include <heddle/queue/lane.hpp>
#include <heddle/scheduling/pool.hpp>

namespace heddle {

/// What a thread pool throws in a child process of the one that started it.
[[noreturn]] inline void throw_left_behind() {
  throw broken_thread_pool(
      "the threads of this pool stayed behind in the process that forked this one, so it takes no work; make a new "
      "pool in the child, or use default_executor(), which does");
}

/// Queues jobs in a lane of a pool. One that the pool does not take ends with what submit() would throw; with
/// executor_shutdown_error if the pool is gone.
class pool_launcher {
 public:
  static constexpr bool keeps_no_reference = true;
  pool_launcher(const scheduling::pool& into, queue::lane lane) noexcept : into_(into.make_ticket()), lane_(lane) {}

  /// While the pool is there.
  [[nodiscard]] const queue::job_home* home() const noexcept { return into_.object(); }

  /// `waiting` is the word of the job's state, if that has waited. Who finds it pending may ask the pool, so it is that
  /// only while the pool has the job or cannot go.
  void operator()(queue::job& due, completion::state_word* waiting = nullptr) const noexcept {
    std::exception_ptr why_not;
    bool was_cancelled = false;
    const bool is_there = scheduling::pool::try_use_by(into_, [&](scheduling::pool& found) {
      was_cancelled = waiting != nullptr && !waiting->make_pending();
      if (was_cancelled) return;
      why_not = try_push(found, due);
      if (why_not != nullptr && waiting != nullptr) waiting->make_waiting();
    });
    if (was_cancelled) return due.run();  // it leaves its queue
    if (!is_there) return due.refuse({std::make_exception_ptr(executor_shutdown_error())});
    if (why_not != nullptr) due.refuse({why_not});
  }

 private:
  /// Null if the pool has the job now, which may be gone.
  std::exception_ptr try_push(scheduling::pool& into, queue::job& due) const noexcept {
    using enum scheduling::pool::admission;
    try {
      const scheduling::pool::admission answer = into.try_push(due, lane_);
      if (answer == accepted) return nullptr;
      if (answer == left_behind) throw_left_behind();
      into.rethrow_if_broken();
      throw executor_shutdown_error();
    } catch (...) {
      return std::current_exception();
    }
  }

  [[no_unique_address]] scheduling::pool::ticket into_;  // the lane fits into its padding
  queue::lane lane_;
};

}  // namespace heddle
