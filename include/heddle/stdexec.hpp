// SPDX-License-Identifier: MIT
// Thread pools as schedulers of senders and receivers (P2300, std::execution), as NVIDIA's stdexec has them.
#pragma once

#if __has_include(<stdexec/execution.hpp>)
#include <stdexec/execution.hpp>
#else
#error "heddle/stdexec.hpp needs the headers of stdexec (github.com/NVIDIA/stdexec): tell the compiler where they are"
#endif

#include <exception>
#include <utility>

#include <heddle/base/spin_lock.hpp>
#include <heddle/priority.hpp>
#include <heddle/queue/job.hpp>
#include <heddle/scheduling/pool.hpp>
#include <heddle/thread_pool_executor.hpp>

namespace heddle {

/// What connecting schedule() with a receiver gives: a job of the pool, without an allocation.
///
/// Whoever knows that the receiver was told may destroy the pool, and this. So the receiver is told when the thread
/// that calls start() has left the pool.
template <stdexec::receiver Receiver>
class schedule_operation final : queue::job {
 public:
  using operation_state_concept = stdexec::operation_state_tag;

  schedule_operation(prioritized<thread_pool_executor> on, Receiver receiver)
      : job(&answer), on_(on), receiver_(std::move(receiver)) {}

  void start() & noexcept {
    posting_.lock();
    try {
      scheduling::pool& pool = thread_pool_access::pool_of(on_.pool());
      const scheduling::pool::admission given = pool.try_push(*this, thread_pool_access::lane_of(on_.level()));
      if (given == scheduling::pool::admission::accepted) return posting_.unlock();  // it may be gone after that
      thread_pool_access::throw_refusal(on_.pool(), given);
    } catch (...) {
      stdexec::set_error(std::move(receiver_), std::current_exception());
    }
  }

 private:
  static void answer(queue::job& self, unsigned request, const queue::refusal* why) noexcept {
    if (request == inquiry_request) return;
    auto& asked = static_cast<schedule_operation&>(self);
    asked.posting_.lock();
    if (why != nullptr) why->note_end();
    if (why != nullptr && why->error != nullptr) {
      stdexec::set_error(std::move(asked.receiver_), std::exception_ptr(why->error));
    } else if (why != nullptr || stdexec::get_stop_token(stdexec::get_env(asked.receiver_)).stop_requested()) {
      stdexec::set_stopped(std::move(asked.receiver_));
    } else {
      stdexec::set_value(std::move(asked.receiver_));
    }
  }

  prioritized<thread_pool_executor> on_;
  Receiver receiver_;
  base::spin_lock posting_;
};

/// What scheduler_of() returns. To be copied; the pool must live until all operations on it have ended.
class pool_scheduler {
 public:
  using scheduler_concept = stdexec::scheduler_tag;

  /// What schedule() returns.
  class sender {
   public:
    using sender_concept = stdexec::sender_tag;
    using completion_signatures =
        stdexec::completion_signatures<stdexec::set_value_t(), stdexec::set_error_t(std::exception_ptr),
                                       stdexec::set_stopped_t()>;

    /// What other senders may ask of this one: where it completes.
    class env {
     public:
      explicit env(prioritized<thread_pool_executor> on) noexcept : on_(on) {}
      template <class Completion>
      [[nodiscard]] pool_scheduler query(stdexec::get_completion_scheduler_t<Completion>) const noexcept {
        return pool_scheduler(on_);
      }

     private:
      prioritized<thread_pool_executor> on_;
    };

    explicit sender(prioritized<thread_pool_executor> on) noexcept : on_(on) {}

    template <stdexec::receiver Receiver>
    [[nodiscard]] schedule_operation<Receiver> connect(Receiver receiver) const {
      return {on_, std::move(receiver)};
    }
    [[nodiscard]] env get_env() const noexcept { return env(on_); }

   private:
    prioritized<thread_pool_executor> on_;
  };

  explicit pool_scheduler(prioritized<thread_pool_executor> on) noexcept : on_(on) {}

  /// Completes in a worker of the pool: with nothing; or stopped, if that was asked of the receiver before a worker
  /// came to it, or if the pool was shut down with pending_jobs::cancel meanwhile. With executor_shutdown_error or
  /// broken_thread_pool if the pool takes no calls, in the thread that starts it then.
  [[nodiscard]] sender schedule() const noexcept { return sender(on_); }

  [[nodiscard]] stdexec::forward_progress_guarantee query(stdexec::get_forward_progress_guarantee_t) const noexcept {
    return stdexec::forward_progress_guarantee::parallel;
  }

  /// Whether it is the same pool and priority.
  [[nodiscard]] bool operator==(const pool_scheduler&) const noexcept = default;

 private:
  prioritized<thread_pool_executor> on_;
};

/// The scheduler of a pool, for all algorithms that take one.
///
///     auto answer = stdexec::schedule(heddle::scheduler_of(pool)) | stdexec::then([] { return 42; });
///     auto [value] = stdexec::sync_wait(std::move(answer)).value();
[[nodiscard]] inline pool_scheduler scheduler_of(thread_pool_executor& pool) noexcept {
  return pool_scheduler(pool.with(priority::normal));
}

/// The same at a priority: `scheduler_of(pool.with(heddle::priority::high))`.
[[nodiscard]] inline pool_scheduler scheduler_of(prioritized<thread_pool_executor> pool) noexcept {
  return pool_scheduler(pool);
}

}  // namespace heddle
