// SPDX-License-Identifier: MIT
// What a worker's thread is to code that blocks in its jobs.
#pragma once

#include <heddle/queue/job.hpp>
#include <heddle/queue/job_home.hpp>
#include <heddle/scheduling/job_queues.hpp>
#include <heddle/scheduling/stand_ins.hpp>
#include <heddle/scheduling/turns.hpp>
#include <heddle/scheduling/work_search.hpp>
#include <heddle/scheduling/worker.hpp>
#include <heddle/sync/stack_bounds.hpp>
#include <heddle/sync/this_thread.hpp>

namespace heddle::scheduling {

/// A worker that blocks is replaced by a stand-in, takes what it has claimed out of its own deque, and has other stacks
/// to run that on. In a pool that runs one call at a time it is replaced only if it waits for what that pool has to
/// run, or while others wait for that. `under` is what the thread is elsewhere, if it is lent. One thread's.
class worker_context final : public sync::thread_context {
 public:
  worker_context(const queue::job_home& home, worker& self, job_queues& queues, const work_search& search,
                 stand_ins& others, turns& all_turns, thread_context* under) noexcept
      : thread_context(&home, under),
        self_(self),
        queues_(queues),
        search_(search),
        stand_ins_(others),
        turns_(all_turns) {}

  void about_to_block(const queue::job*, sync::block_for what) noexcept override {
    const bool is_own_call = what == sync::block_for::own_call;
    is_suspended_ = turns_.are_limited() && !is_own_call && (what == sync::block_for::own_pool || turns_.are_shared());
    is_replaced_ = is_suspended_ || is_own_call || !turns_.are_limited();
    if (!is_replaced_) return;
    stand_ins_.worker_blocks();
    if (is_suspended_) turns_.suspend(self_);
    if (search_.has_unannounced_jobs(self_)) stand_ins_.call_somebody();
  }
  void resumed() noexcept override {
    if (is_replaced_) stand_ins_.worker_resumes();
    if (is_suspended_) turns_.resume(self_);
  }
  [[nodiscard]] bool gives_way_for(const queue::job_home* needed) const noexcept override {
    return turns_.are_limited() && (needed == home() || needed == queue::any_home()) && stand_ins_.may_work();
  }
  [[nodiscard]] bool may_be_replaced() const noexcept override {
    return !turns_.are_limited() && stand_ins_.may_work();
  }

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
  turns& turns_;
  bool is_replaced_ = false;
  bool is_suspended_ = false;
  sync::stack_gauge stack_;
};

}  // namespace heddle::scheduling
