// SPDX-License-Identifier: MIT
// The event loop: runs what is ready, turn by turn, and sleeps while nothing is.
#pragma once

#include <chrono>
#include <cstdint>
#include <utility>

#include <heddle/base/atomic.hpp>
#include <heddle/coro/chain.hpp>
#include <heddle/coro/idle_work.hpp>
#include <heddle/coro/list_link.hpp>
#include <heddle/coro/mailbox.hpp>
#include <heddle/queue/job.hpp>
#include <heddle/queue/job_list.hpp>
#include <heddle/queue/timer_heap.hpp>
#include <heddle/sync/put_off.hpp>
#include <heddle/sync/this_thread.hpp>

namespace heddle::coro {

/// Belongs to the thread that makes it, from its construction to its destruction; everything but post() is for that
/// thread alone.
///
/// A turn: what was posted and the timers that are due become ready; then those jobs run, in order, that are ready at
/// this moment. What becomes ready meanwhile runs in the next turn, so a turn always ends.
///
/// A loop in a worker of a pool holds that worker, perhaps the last free one. So it claims queued jobs of that
/// pool as the worker would: those that its coroutines block for, and before it sleeps, one that they await.
class event_loop final : sync::thread_context {
 public:
  event_loop() : event_loop(sync::current_context::get()) {}
  ~event_loop() { current_loop::set(outer_loop_); }

  /// The loop whose coroutine calls, or null. Null also in a job that the loop's thread runs: it is no coroutine, and
  /// may run a loop of its own.
  [[nodiscard]] static event_loop* current() noexcept {
    event_loop* const here = current_loop::get();
    return here != nullptr && !here->runs_job() ? here : nullptr;
  }

  /// Queues a job for the next turn.
  void make_ready(queue::job& ready) noexcept { ready_.push(ready); }

  [[nodiscard]] queue::timer_heap& timers() noexcept { return timers_; }

  /// Queues a job from any thread, and wakes the loop. The loop must live at the call; it may go before its end.
  void post(queue::job& posted) noexcept { mailbox(mailbox_).post(posted); }

  /// Tries `offered`, once, before the loop would sleep; unless no worker is under it, which could run nothing. Until
  /// then `offered` may leave.
  void offer(idle_work& offered) noexcept {
    if (home() != nullptr) offered_.insert(offered);
  }

  /// The chains that have not ended, linked in the order of their creation. This is the head of their list.
  [[nodiscard]] list_link& chains() noexcept { return chains_; }

  /// A number that is greater than all before.
  [[nodiscard]] std::uint64_t number_cancellation() noexcept { return ++cancellations_; }

  /// Takes turns until `condition()` holds after one.
  template <class Condition>
  void run_until(Condition condition) {
    while (!condition()) take_turn();
  }

 private:
  struct tag;
  using current_loop = base::per_thread_pointer<event_loop, tag>;

  explicit event_loop(sync::thread_context* outer)
      : thread_context(outer != nullptr ? outer->home() : nullptr, outer), installed_(*this) {
    current_loop::set(this);
  }

  void take_turn() noexcept {
    queue::job_list posted = mailbox_.take_all();
    while (queue::job* const job = posted.try_pop()) ready_.push(*job);
    if (!timers_.empty()) {
      const sync::deadline now = std::chrono::steady_clock::now();
      while (queue::job* const job = timers_.try_pop_due(now)) ready_.push(*job);
    }
    if (ready_.empty()) return try_run_offered() ? void() : sleep();
    queue::job_list turn = std::exchange(ready_, {});
    while (queue::job* const job = turn.try_pop()) job->run();
  }

  bool try_run_offered() noexcept {
    while (!offered_.alone()) {
      auto& tried = static_cast<idle_work&>(offered_.following());
      tried.leave();
      if (tried.try_run()) return true;
    }
    return false;
  }

  void sleep() noexcept {
    if (sync::put_off::run_all()) return;  // there may be something to do now
    const sync::blocking_scope blocked{nullptr};
    mailbox_.wait_until(timers_.next());
  }

  [[nodiscard]] bool forbids_blocking() const noexcept override { return !runs_job(); }

  // A loop that runs in a worker of a pool sleeps, and runs what it waits for, as the worker does.
  void about_to_block(const queue::job* awaited) noexcept override {
    if (under() != nullptr) under()->begin_block(awaited);
  }
  void resumed() noexcept override {
    if (under() != nullptr) under()->end_block();
  }
  [[nodiscard]] bool may_be_replaced() const noexcept override {
    return under() == nullptr || under()->may_be_replaced();
  }
  [[nodiscard]] bool is_deep() noexcept override { return under() != nullptr && under()->is_deep(); }
  bool try_run_on_other_stack(void (*run)(void*) noexcept, void* argument) noexcept override {
    return under() != nullptr && under()->try_run_on_other_stack(run, argument);
  }
  bool try_withdraw(const queue::job& claimed) noexcept override {
    return under() != nullptr && under()->try_withdraw(claimed);
  }

  queue::job_list ready_;
  queue::timer_heap timers_;
  mailbox mailbox_;
  list_link chains_;
  list_link offered_;
  std::uint64_t cancellations_ = 0;
  event_loop* outer_loop_ = current_loop::get();
  sync::scoped_context installed_;
};

}  // namespace heddle::coro
