// SPDX-License-Identifier: MIT
// The state behind a promise: no callable and no queue, its result comes from outside.
#pragma once

#include <exception>
#include <utility>

#include <heddle/completion/shared_state.hpp>

namespace heddle::completion {

/// Made by new. The promise takes the place of the queue among the parties that keep the state alive (state_word): it
/// calls abandon() when it goes, and until then the state stays, also when it was cancelled and its future is gone.
template <class T>
class promised_state final : public shared_state<T> {
 public:
  promised_state() noexcept : shared_state<T>(&answer, nullptr, state_word::queued::yes) {}

  /// pending -> running: cancel() fails from now on. Returns the phase that was found.
  phase try_start() noexcept { return this->word_.try_claim(phase::running); }

  /// For the one who started it: makes the value. If `call` throws, the state is still running.
  template <class Call>
  void complete_with_result_of(Call&& call) {
    this->outcome_.emplace_result_of(std::forward<Call>(call));
    end(phase::value);
  }

  void complete_with(std::exception_ptr error) noexcept {
    this->outcome_.emplace_error(std::move(error));
    end(phase::error);
  }

  /// The promise is gone; a state that has no result yet gets the error that `make_error()` returns.
  template <class MakeError>
  void abandon(MakeError make_error) noexcept {
    if (try_start() == phase::pending || this->current() == phase::running) complete_with(make_error());
    if (this->word_.leave_queue(phase::running) == state_word::dequeue_result::free) delete this;
  }

 private:
  ~promised_state() = default;

  static void answer(queue::job& self, unsigned request, const queue::refusal*) noexcept {
    auto& asked = static_cast<promised_state&>(self);
    if (request == state_base::discard_request) asked.end(phase::cancelled);
    if (request == state_base::dispose_request) delete &asked;
  }

  void end(phase ended) noexcept {
    if (this->word_.complete(ended) == state_word::last_owner::yes) delete this;
  }
};

}  // namespace heddle::completion
