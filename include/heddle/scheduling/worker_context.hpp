// SPDX-License-Identifier: MIT
// What a worker's thread is to code that blocks in its jobs.
#pragma once

#include <heddle/queue/job.hpp>
#include <heddle/queue/job_home.hpp>
#include <heddle/scheduling/job_queues.hpp>
#include <heddle/scheduling/stand_ins.hpp>
#include <heddle/scheduling/work_search.hpp>
#include <heddle/scheduling/worker.hpp>
#include <heddle/sync/stack_bounds.hpp>
#include <heddle/sync/this_thread.hpp>

namespace heddle::scheduling {

/// A worker that blocks is replaced by a stand-in, takes what it has claimed out of its own deque, and has other stacks
/// to run that on. `under` is what the thread is elsewhere, if it is lent. One thread's.
class worker_context final : public sync::thread_context {
 public:
  worker_context(const queue::job_home& home, worker& self, job_queues& queues, const work_search& search,
                 stand_ins& others, thread_context* under) noexcept
      : thread_context(&home, under), self_(self), queues_(queues), search_(search), stand_ins_(others) {}

  void about_to_block(const queue::job*) noexcept override {
    stand_ins_.worker_blocks();
    if (search_.has_unannounced_jobs(self_)) stand_ins_.call_somebody();
  }
  void resumed() noexcept override { stand_ins_.worker_resumes(); }
  [[nodiscard]] bool may_be_replaced() const noexcept override { return stand_ins_.may_work(); }

  bool try_withdraw(const queue::job& claimed) noexcept override {
    if (!queues_.try_withdraw(self_, claimed)) return false;
    self_.counts.jobs_run.add_one();
    return true;
  }

  [[nodiscard]] bool is_deep() noexcept override { return stack_.is_deep(); }
  bool try_run_on_other_stack(void (*run)(void*) noexcept, void* argument) noexcept override {
    return stand_ins_.call_for({run, argument});
  }

 private:
  worker& self_;
  job_queues& queues_;
  const work_search& search_;
  stand_ins& stand_ins_;
  sync::stack_gauge stack_;
};

}  // namespace heddle::scheduling
