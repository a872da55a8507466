// SPDX-License-Identifier: MIT
// A stack for jobs that a thread runs while it waits: its own one, or another thread's when that is nearly used up.
#pragma once

#include <cstdint>

#include <heddle/queue/job.hpp>
#include <heddle/sync/park.hpp>
#include <heddle/sync/put_off.hpp>
#include <heddle/sync/this_thread.hpp>

namespace heddle::scheduling {

/// For as long as the calling thread is in the function that made it.
class other_stack {
 public:
  using runner = void (*)(queue::job&) noexcept;

  other_stack() noexcept : context_(sync::current_context::get()) {
    if (context_ != nullptr && !context_->is_deep()) context_ = nullptr;
  }

  /// Calls `call(job)` and returns when it has ended. One at a time, wherever it runs.
  void run(queue::job& job, runner call) const noexcept {
    if (context_ == nullptr) [[likely]]
      return call(job);
    errand sent(job, call);
    if (!context_->try_run_on_other_stack(&errand::execute, &sent)) return call(job);
    sent.wait();
  }

 private:
  /// Lives on the stack of the thread that waits: who executes it touches nothing but its address after the end.
  class errand {
   public:
    errand(queue::job& its_job, runner its_run) noexcept : job_(its_job), run_(its_run) {}

    static void execute(void* self) noexcept {
      auto& sent = *static_cast<errand*>(self);
      const sync::parking_word* const address = &sent.has_ended_;
      sent.run_(sent.job_);
      sent.has_ended_.store(1, base::release);  // [other_stack.1] release: what the job did
      sync::unpark_all(address);
    }

    void wait() noexcept {
      sync::put_off::run_all();
      const sync::blocking_scope blocked(nullptr);
      // [other_stack.1] acquire: see execute().
      while (has_ended_.load(base::acquire) == 0) sync::park_until(has_ended_, 0, sync::no_deadline);
    }

   private:
    queue::job& job_;
    const runner run_;
    sync::parking_word has_ended_{0};
  };

  sync::thread_context* context_;
};

}  // namespace heddle::scheduling
