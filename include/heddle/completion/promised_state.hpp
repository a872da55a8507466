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

  /// Makes the value; false, and it is gone again, if the state was cancelled meanwhile. If `call` throws, the state
  /// stays as it is. Not once it is done.
  template <class Call>
  [[nodiscard]] bool try_complete_with_result_of(Call&& call) {
    this->outcome_.emplace_result_of(std::forward<Call>(call));
    if (try_end(phase::value)) return true;
    this->outcome_.destroy_value();
    return false;
  }

  /// The same with an error.
  [[nodiscard]] bool try_complete_with(std::exception_ptr error) noexcept {
    this->outcome_.emplace_error(std::move(error));
    if (try_end(phase::error)) return true;
    this->outcome_.destroy_error();
    return false;
  }

  /// The promise is gone; a state that has no result yet gets the error that `make_error()` returns.
  template <class MakeError>
  void abandon(MakeError make_error) noexcept {
    if (!this->done()) static_cast<void>(try_complete_with(make_error()));
    if (this->word_.leave_queue(phase::running) == state_word::dequeue_result::free) delete this;
  }

 private:
  ~promised_state() = default;

  static void answer(queue::job& self, unsigned request, const queue::refusal* why) noexcept {
    auto& asked = static_cast<promised_state&>(self);
    if (request == state_base::discard_request) asked.end(phase::cancelled);
    if (request == state_base::failure_request) asked.answer_failure(why);
    if (request == state_base::dispose_request) delete &asked;
  }

  bool try_end(phase ended) noexcept {
    auto last = state_word::last_owner::no;
    const bool has_ended = this->word_.try_complete(ended, last);
    if (last == state_word::last_owner::yes) delete this;  // a callback has destroyed the promise
    return has_ended;
  }

  void end(phase ended) noexcept {
    if (this->word_.complete(ended) == state_word::last_owner::yes) delete this;
  }
};

}  // namespace heddle::completion
