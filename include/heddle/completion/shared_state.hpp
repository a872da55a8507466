// SPDX-License-Identifier: MIT
// One result, its state word and those who wait for it: what a future and its task or promise share.
#pragma once

#include <exception>
#include <utility>

#include <heddle/base/block_allocated.hpp>
#include <heddle/base/outcome.hpp>
#include <heddle/base/task_context.hpp>
#include <heddle/completion/state_word.hpp>
#include <heddle/completion/wait_awake.hpp>
#include <heddle/completion/waiter.hpp>
#include <heddle/queue/job.hpp>
#include <heddle/sync/deadline.hpp>
#include <heddle/sync/this_thread.hpp>

namespace heddle::completion {

/// The part that does not depend on the type of the result. `home` is the identity of the pool in whose queue the job
/// is: a worker of that pool that waits for the job may claim and run it. Who writes what: state_word.
class state_base : public queue::job, public base::block_allocated {
 public:
  [[nodiscard]] phase current() const noexcept { return word_.current(); }
  [[nodiscard]] bool done() const noexcept { return is_terminal(current()); }

  /// True if the task is cancelled now, or was already. Its callable is destroyed here and its waiters are told here;
  /// and what only this task waited for is cancelled too, if it has not begun.
  bool cancel() noexcept {
    const phase found = claim_to_cancel();
    if (!has_not_begun(found)) return is_cancelled(found);
    for (state_base* awaited = discard(found); awaited != nullptr;) {
      const phase found_there = awaited->claim_to_cancel();
      state_base* const above = has_not_begun(found_there) ? awaited->discard(found_there) : nullptr;
      awaited->drop_handle();
      awaited = above;
    }
    return true;
  }

  /// Cancels the task if it has not begun; else asks it to stop, if it can be asked, or what it waits for. Whether one
  /// of them was done.
  bool request_stop() noexcept {
    const stop_order order;
    for (state_base* asked = this; asked != nullptr && !order.was_heard; asked = order.passed_to) {
      order.passed_to = nullptr;
      order.was_heard = asked->cancel();
      if (!order.was_heard && !asked->done()) asked->ask(stop_request, &order);
    }
    while (order.last_passed_by != nullptr) order.last_passed_by->ask(end_stop_request, &order);
    return order.was_heard;
  }

  /// What it has failed with; of one that has.
  [[nodiscard]] std::exception_ptr failure() noexcept {
    const told_failure about;
    ask(failure_request, &about);
    return about.found;
  }

  /// Waits until the task is done; false if the deadline comes first. A wait without deadline on a worker of the task's
  /// own pool runs the task here if it is still queued (the waiting rule); one with a deadline never does: the task
  /// could outlast it.
  bool wait_until(sync::deadline until) {
    if (done()) return true;
    if (until == sync::no_deadline && try_run_here()) return true;
    if (until == sync::no_wait) return false;
    const fetch_order order(until);
    ask(fetch_request, &order);
    return wait_awake_then_asleep(
        until, [this] { return done(); }, [this](sync::deadline latest) { return sleep_until(latest); });
  }

  /// Runs the task here if it is still queued in the pool whose worker this thread is. False if it was not, or if the
  /// stack is nearly used up, so that another thread runs it: then the caller waits.
  [[nodiscard]] bool try_run_here() noexcept {
    sync::thread_context* const here = try_claim_here();
    return here != nullptr && try_run_claimed(*here);
  }

  /// The same, and waits where another thread runs it, which counts on that. False if it was not queued there.
  [[nodiscard]] bool try_run_to_end() noexcept {
    sync::thread_context* const here = try_claim_here();
    if (here == nullptr) return false;
    if (!try_run_claimed(*here)) wait_until(sync::no_deadline);
    return true;
  }

  [[nodiscard]] bool try_add(waiter& added) noexcept { return word_.try_add(added); }
  [[nodiscard]] bool try_remove(waiter& removed) noexcept { return word_.try_remove(removed); }

  /// The handle is gone; frees the state if it was the last that referred to it.
  void drop_handle() noexcept {
    auto last = state_word::last_owner::no;
    // Of a promise the promise is the queue, and nobody else's.
    if (home() != nullptr && word_.only_queue_keeps_result()) [[unlikely]] {
      ask(destroy_result_request);
      last = word_.drop_handle_and_result();
    } else {
      last = word_.drop_handle();
    }
    if (last == state_word::last_owner::yes) ask(dispose_request);
  }

 protected:
  /// What the concrete class answers besides run and refuse: run the task, which is claimed; end it as cancelled, which
  /// is claimed too; free the state; destroy the result, which only those are asked that were in a queue.
  static constexpr unsigned execute_request = first_own_request;
  static constexpr unsigned discard_request = first_own_request + 1;
  static constexpr unsigned dispose_request = first_own_request + 2;
  static constexpr unsigned destroy_result_request = first_own_request + 3;
  /// Ask a task that runs to stop. It says so if it can be asked; or says whom to ask instead, who stays then until the
  /// next request.
  static constexpr unsigned stop_request = first_own_request + 4;
  static constexpr unsigned end_stop_request = first_own_request + 5;

  static constexpr unsigned failure_request = first_own_request + 6;
  /// This thread waits for the result: if it can bring it, it does, until the deadline.
  static constexpr unsigned fetch_request = first_own_request + 7;

  struct fetch_order : queue::refusal {
    explicit fetch_order(sync::deadline latest) noexcept : until(latest) {}
    sync::deadline until;
  };

  /// What comes with the stop request, and what it leaves. Those who have passed it on are a list, so that a long chain
  /// of them takes no stack.
  struct stop_order : queue::refusal {
    mutable bool was_heard = false;
    mutable state_base* passed_to = nullptr;
    mutable state_base* last_passed_by = nullptr;
  };

  /// What comes with the failure request: room for the error.
  struct told_failure : queue::refusal {
    mutable std::exception_ptr found;
  };

  /// What comes with the discard request: room for the state whose only handle the task had, if it gives that away.
  struct discarded : queue::refusal {
    mutable state_base* awaited = nullptr;
  };

  state_base(code its_code, const queue::job_home* home, state_word::queued queued,
             phase first = phase::pending) noexcept
      : job(its_code, home), word_(queued, first) {}
  ~state_base() = default;

  state_word word_;

 private:
  phase claim_to_cancel() noexcept {
    return home() != nullptr ? word_.try_cancel_in_queue() : word_.try_claim_unrun(phase::cancelling);
  }

  /// Ends the task, which is claimed, as cancelled. One that waited is in no queue of its home, which may be gone.
  state_base* discard(phase claimed_as) noexcept {
    if (home() != nullptr && claimed_as == phase::pending) {
      home()->note_tombstone();
      word_.let_queue_go();
    }
    const discarded about;
    ask(discard_request, &about);
    return about.awaited;
  }

  /// What this thread is that may run the task, which is claimed then; or null.
  [[nodiscard]] sync::thread_context* try_claim_here() noexcept {
    sync::thread_context* here = sync::current_context::get();
    if (here == nullptr || home() == nullptr) return nullptr;
    here = here->at_home(home());
    if (here == nullptr || word_.try_claim(phase::running) != phase::pending) return nullptr;
    if (here->try_withdraw(*this)) {
      static_cast<void>(word_.leave_queue(phase::running));  // the caller's handle is left
    } else {
      home()->note_tombstone();
    }
    return here;
  }

  [[nodiscard]] bool try_run_claimed(sync::thread_context& here) noexcept {
    if (here.is_deep() && here.try_run_on_other_stack(&run_claimed, this)) return false;
    const sync::blocking_allowed in_job;
    const base::task_context::empty_scope of_nobody;
    ask(execute_request);
    return true;
  }

  static void run_claimed(void* state) noexcept { static_cast<state_base*>(state)->ask(execute_request); }

  [[gnu::noinline]] bool sleep_until(sync::deadline until) noexcept {
    blocked_thread sleeper{1};
    blocked_waiter node{sleeper};
    if (!try_add(node)) return true;
    const sync::blocking_scope blocked{this};
    if (sleeper.wait_until(until)) return true;
    if (try_remove(node)) return false;
    return sleeper.wait_until(sync::no_deadline);  // too late to take the node back: the completer is about to tell it
  }
};

/// A state_base with the result. Written by its owner before complete(), read by the handle's holder once done().
template <class T>
class shared_state : public state_base {
 public:
  [[nodiscard]] std::add_lvalue_reference_t<T> value() noexcept { return outcome_.value(); }
  [[nodiscard]] std::exception_ptr& error() noexcept { return outcome_.error(); }

 protected:
  using state_base::state_base;

  ~shared_state() { destroy_result(); }

  void answer_failure(const queue::refusal* asked) noexcept {
    static_cast<const told_failure*>(asked)->found = outcome_.error();
  }

  void destroy_result() noexcept {
    const phase ended = word_.current();
    if (ended == phase::value) outcome_.destroy_value();
    if (ended == phase::error) outcome_.destroy_error();
  }

  base::outcome<T> outcome_;
};

}  // namespace heddle::completion
