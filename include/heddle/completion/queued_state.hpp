// SPDX-License-Identifier: MIT
// A state whose call is run by whoever takes it out of a queue, or claims it there.
#pragma once

#include <exception>
#include <utility>

#include <heddle/completion/shared_state.hpp>

namespace heddle::completion {

/// Answers what is asked of a job in a queue (queue::job) and of its state (state_base). Made by new; frees itself when
/// its queue, its handle and whoever ran it have left (state_word).
///
/// Derived has `execute()`, which runs the call, that is claimed, and ends in `end()`; `destroy_call()`, for when it
/// has run or never will; and `stop()`, which asks a call that runs to stop, and says whether it can be asked. It may
/// have a `give_away()` of its own: what only this state waited for, when it is cancelled; and a `fetch(until)`, by
/// which a thread that waits brings the result.
template <class Derived, class T>
class queued_state : public shared_state<T> {
  friend Derived;

  queued_state(const queue::job_home* home, state_word::queued queued, phase first = phase::pending) noexcept
      : shared_state<T>(&answer, home, queued, first) {}
  ~queued_state() = default;

  static state_base* give_away() noexcept { return nullptr; }
  static void fetch(sync::deadline) noexcept {}

  void end(phase ended) noexcept {
    derived().destroy_call();
    if (this->word_.complete(ended) == state_word::last_owner::yes) delete &derived();
  }

  /// Ends with what `call()` returns, or throws.
  template <class Call>
  void end_with_result_of(Call&& call) noexcept {
    phase ended = phase::value;
    try {
      this->outcome_.emplace_result_of(std::forward<Call>(call));
    } catch (...) {
      this->outcome_.emplace_error(std::current_exception());
      ended = phase::error;
    }
    end(ended);
  }

  void end_with(std::exception_ptr error) noexcept {
    this->outcome_.emplace_error(std::move(error));
    end(phase::error);
  }

  Derived& derived() noexcept { return static_cast<Derived&>(*this); }

  static void answer(queue::job& self, unsigned request, const queue::refusal* why) noexcept {
    auto& asked = static_cast<queued_state&>(self);
    switch (request) {
      case queue::job::run_request:
        return asked.run_from_queue();
      case queue::job::refuse_request:
        return asked.refuse_from_queue(*why);
      case queue::job::inquiry_request:
        if (asked.current() != phase::pending) queue::job::answer_inquiry(why);
        return;
      case state_base::execute_request:
        return asked.derived().execute();
      case state_base::discard_request:
        static_cast<const state_base::discarded*>(why)->awaited = asked.derived().give_away();
        return asked.end(phase::cancelled);
      case state_base::destroy_result_request:
        return asked.destroy_result();
      case state_base::failure_request:
        return asked.answer_failure(why);
      case state_base::fetch_request:
        return asked.derived().fetch(static_cast<const state_base::fetch_order*>(why)->until);
      case state_base::stop_request:
        static_cast<const state_base::stop_order*>(why)->was_heard = asked.derived().stop();
        return;
      default:
        delete &asked.derived();
    }
  }

  void run_from_queue() noexcept {
    switch (this->word_.leave_queue(phase::running)) {
      case state_word::dequeue_result::claimed:
        return derived().execute();
      case state_word::dequeue_result::taken:
        return;
      case state_word::dequeue_result::free:
        delete &derived();
    }
  }

  [[gnu::noinline]] void refuse_from_queue(const queue::refusal& why) noexcept {
    // Ending with an error is no cancellation: a cancel() meanwhile must not think that it is.
    switch (this->word_.leave_queue(why.error == nullptr ? phase::cancelling : phase::running)) {
      case state_word::dequeue_result::claimed:
        why.note_end();
        return why.error == nullptr ? end(phase::cancelled) : end_with(why.error);
      case state_word::dequeue_result::taken:
        return;
      case state_word::dequeue_result::free:
        delete &derived();
    }
  }
};

}  // namespace heddle::completion
