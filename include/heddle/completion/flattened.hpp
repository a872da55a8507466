// SPDX-License-Identifier: MIT
// The outcome of a call whose result is itself a future.
#pragma once

#include <cstdint>
#include <exception>
#include <utility>

#include <heddle/base/atomic.hpp>
#include <heddle/completion/continuation.hpp>
#include <heddle/completion/deferred_jobs.hpp>
#include <heddle/completion/shared_state.hpp>
#include <heddle/completion/waiter.hpp>

namespace heddle::completion {

/// Ends as the inner future does that an outer call gives; or as the outer call, if that gives none. `Take` makes an
/// owned_state<T> of the outer call's result, or throws.
///
/// Until the outer call is done its list of waiters is the queue of this state, which can be cancelled meanwhile and
/// then cancels the outer call. Afterwards it counts as running; who asks it to stop asks the inner one.
template <class T, class Outer, class Take>
class flattened final : public waiter, public shared_state<T> {
 public:
  flattened() noexcept
      : waiter(kind::continuation, [](waiter& self) noexcept { deferred_jobs::run(static_cast<flattened&>(self)); }),
        shared_state<T>(&answer, nullptr, state_word::queued::yes, phase::waiting) {}

  /// To be called once, when somebody holds the handle. The state may be gone afterwards.
  void start(owned_state<Outer>&& outer) noexcept {
    outer_ = std::move(outer);
    wait_for(outer_.state());
  }

  /// Frees one that was not started.
  void discard_unused() noexcept { delete this; }

 private:
  ~flattened() = default;

  static void answer(queue::job& self, unsigned request, const queue::refusal* why) noexcept {
    auto& asked = static_cast<flattened&>(self);
    switch (request) {
      case queue::job::run_request:
        return asked.has_inner_ ? asked.end_as_inner() : asked.change_to_inner();
      case state_base::discard_request:
        static_cast<const state_base::discarded*>(why)->awaited = asked.outer_.give_away();
        return asked.end(phase::cancelled);
      case state_base::stop_request:
        return asked.pass_stop_on(*static_cast<const state_base::stop_order*>(why));
      case state_base::end_stop_request:
        return asked.end_stop(*static_cast<const state_base::stop_order*>(why));
      case state_base::failure_request:
        return asked.answer_failure(why);
      case state_base::dispose_request:
        delete &asked;
        return;
      default:
        return;  // no queue of jobs has it
    }
  }

  /// This state is told, or due at once.
  void wait_for(state_base& awaited) noexcept {
    if (!awaited.try_add(*this)) deferred_jobs::run(*this);
  }

  void change_to_inner() noexcept {
    switch (this->word_.leave_queue(phase::running)) {
      case state_word::dequeue_result::claimed:
        break;
      case state_word::dequeue_result::taken:
        return;
      case state_word::dequeue_result::free:
        delete this;
        return;
    }
    auto& from = outer_.state();
    if (from.current() == phase::cancelled) return end(phase::cancelled);
    if (from.current() == phase::error) return end_with(from.error());
    try {
      inner_ = Take()(from.value());
    } catch (...) {
      return end_with(std::current_exception());
    }
    outer_ = owned_state<Outer>(nullptr);
    has_inner_ = true;
    state_base& inner = inner_.state();
    inner_use_.store(inner_use::none, base::release);  // [flattened.1] release: who asks it to stop finds it
    wait_for(inner);
  }

  void end_as_inner() noexcept {
    auto& from = inner_.state();
    phase ended = from.current();
    if (ended == phase::error) this->outcome_.emplace_error(from.error());
    if (ended == phase::value) ended = take_value();
    // [flattened.2] acq_rel: either who asks it to stop lets go of the inner state, or this thread does.
    if (inner_use_.exchange(inner_use::ended, base::acq_rel) != inner_use::asked_to_stop) drop_inner();
    end(ended);
  }

  phase take_value() noexcept {
    try {
      this->outcome_.emplace_result_of([this]() -> decltype(auto) { return inner_.take(); });
      return phase::value;
    } catch (...) {
      this->outcome_.emplace_error(std::current_exception());
      return phase::error;
    }
  }

  /// For who holds the handle of this state.
  void pass_stop_on(const state_base::stop_order& order) noexcept {
    inner_use found = inner_use::none;
    // [flattened.1] acquire: the inner state, see change_to_inner().
    if (!inner_use_.compare_exchange_strong(found, inner_use::asked_to_stop, base::acquire, base::relaxed)) return;
    order.passed_to = &inner_.state();
    passed_before_ = std::exchange(order.last_passed_by, this);
  }

  void end_stop(const state_base::stop_order& order) noexcept {
    order.last_passed_by = passed_before_;
    inner_use found = inner_use::asked_to_stop;
    // [flattened.2] release, or acquire where it has ended: see end_as_inner().
    if (!inner_use_.compare_exchange_strong(found, inner_use::none, base::release, base::acquire)) drop_inner();
  }

  void drop_inner() noexcept { inner_ = owned_state<T>(nullptr); }

  void end_with(std::exception_ptr error) noexcept {
    this->outcome_.emplace_error(std::move(error));
    end(phase::error);
  }

  void end(phase ended) noexcept {
    if (this->word_.complete(ended) == state_word::last_owner::yes) delete this;
  }

  /// Whether there is an inner state to be asked, and whether somebody does. Who finds that it ended lets go of it.
  enum class inner_use : std::uint8_t { none_yet, none, asked_to_stop, ended };

  owned_state<Outer> outer_{nullptr};
  owned_state<T> inner_{nullptr};
  bool has_inner_ = false;  // written and read by who is told
  base::atomic<inner_use> inner_use_{inner_use::none_yet};
  state_base* passed_before_ = nullptr;  // of who asks it to stop: who has passed that on before
};

}  // namespace heddle::completion
