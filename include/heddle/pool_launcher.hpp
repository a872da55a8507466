// SPDX-License-Identifier: MIT
// How a call that is due later gets into a thread pool, which may be gone by then.
#pragma once

#include <exception>

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

  void operator()(queue::job& due) const noexcept {
    try {
      push(due);
    } catch (...) {
      due.refuse({std::current_exception()});
    }
  }

 private:
  void push(queue::job& due) const {
    using enum scheduling::pool::admission;
    const scheduling::pool::admission answer = scheduling::pool::try_push_by(into_, due, lane_);
    if (answer == accepted) return;
    if (answer == left_behind) throw_left_behind();
    if (answer == broken) scheduling::pool::rethrow_if_broken(into_);
    throw executor_shutdown_error();
  }

  scheduling::pool::ticket into_;
  queue::lane lane_;
};

}  // namespace heddle
