// SPDX-License-Identifier: MIT
// The event loop: runs what is ready, turn by turn, and sleeps while nothing is.
#pragma once

#include <chrono>
#include <cstdint>
#include <utility>

#include <heddle/base/atomic.hpp>
#include <heddle/coro/chain.hpp>
#include <heddle/coro/list_link.hpp>
#include <heddle/coro/mailbox.hpp>
#include <heddle/coro/timer_heap.hpp>
#include <heddle/queue/job.hpp>
#include <heddle/queue/job_list.hpp>
#include <heddle/sync/this_thread.hpp>

namespace heddle::coro {

/// Belongs to the thread that makes it, from its construction to its destruction; everything but post() is for that
/// thread alone.
///
/// A turn: what was posted and the timers that are due become ready; then those jobs run, in order, that are ready at
/// this moment. What becomes ready meanwhile runs in the next turn, so a turn always ends.
class event_loop final : sync::thread_context {
 public:
  event_loop() : thread_context(nullptr), outer_(sync::current_context::get()), installed_(*this) {
    current_loop::set(this);
  }
  ~event_loop() { current_loop::set(nullptr); }

  /// The calling thread's loop, or null. There is at most one.
  [[nodiscard]] static event_loop* current() noexcept { return current_loop::get(); }

  /// Queues a job for the next turn.
  void make_ready(queue::job& ready) noexcept { ready_.push(ready); }

  [[nodiscard]] timer_heap& timers() noexcept { return timers_; }

  /// Queues a job from any thread, and wakes the loop. The loop must live at the call; it may go before its end.
  void post(queue::job& posted) noexcept { mailbox(mailbox_).post(posted); }

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

  void take_turn() noexcept {
    queue::job_list posted = mailbox_.take_all();
    while (queue::job* const job = posted.try_pop()) ready_.push(*job);
    if (!timers_.empty()) {
      const sync::deadline now = std::chrono::steady_clock::now();
      while (queue::job* const job = timers_.try_pop_due(now)) ready_.push(*job);
    }
    if (ready_.empty()) return sleep();
    queue::job_list turn = std::exchange(ready_, {});
    while (queue::job* const job = turn.try_pop()) job->run();
  }

  void sleep() noexcept {
    const sync::blocking_scope blocked{nullptr};
    mailbox_.wait_until(timers_.next());
  }

  [[nodiscard]] bool forbids_blocking() const noexcept override { return true; }

  // A loop that runs in a worker of a pool sleeps, as the worker does then.
  void about_to_block(const queue::job* awaited) noexcept override {
    if (outer_ != nullptr) outer_->about_to_block(awaited);
  }
  void resumed() noexcept override {
    if (outer_ != nullptr) outer_->resumed();
  }

  queue::job_list ready_;
  timer_heap timers_;
  mailbox mailbox_;
  list_link chains_;
  std::uint64_t cancellations_ = 0;
  sync::thread_context* outer_;
  sync::scoped_context installed_;
};

}  // namespace heddle::coro
