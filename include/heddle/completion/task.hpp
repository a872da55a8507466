// SPDX-License-Identifier: MIT
// A call that a queue can hold and a future can wait for, in one allocation: callable, arguments, state and result.
#pragma once

#include <exception>
#include <tuple>
#include <type_traits>
#include <utility>

#include <heddle/base/runs_when_called.hpp>
#include <heddle/completion/shared_state.hpp>

namespace heddle::completion {

/// Whether a task can hold the callable and the arguments; the compiler says why if it cannot.
template <class... Given>
inline constexpr bool storable = [] {
  static_assert(
      (std::is_constructible_v<std::decay_t<Given>, Given> && ...),
      "the callable and the arguments are copied into the task unless they are moved in, and one of these cannot "
      "be copied: write std::move(x), or std::ref(x) to share what outlives the call");
  return true;
}();

/// What the future of a call that returns Result holds. An rvalue reference becomes a value: what it refers to need not
/// outlive the call.
template <class Result>
using task_result_t =
    std::conditional_t<std::is_rvalue_reference_v<Result>, std::remove_cvref_t<Result>, std::remove_cv_t<Result>>;

/// Made by new; frees itself when its queue, its handle and whoever ran it have left (state_word). The callable and the
/// arguments are moved into the call, and destroyed before the future becomes ready.
template <class Callable, class... Args>
class task final : public shared_state<task_result_t<std::invoke_result_t<Callable, Args...>>> {
  static_assert(base::runs_when_called<std::invoke_result_t<Callable, Args...>>);
  using result_type = task_result_t<std::invoke_result_t<Callable, Args...>>;
  using base_type = shared_state<result_type>;

 public:
  template <class F, class... As>
  task(const queue::job_home* home, state_word::queued queued, F&& callable, As&&... args)
      : base_type(&answer, home, queued), call_(std::forward<F>(callable), std::forward<As>(args)...) {}

  /// For a task that never was in a queue.
  void run_unqueued() noexcept {
    if (this->word_.try_claim(phase::running) == phase::pending) execute();
  }

 private:
  ~task() {}  // call_ is gone by then

  static void answer(queue::job& self, unsigned request, const queue::refusal* why) noexcept {
    auto& asked = static_cast<task&>(self);
    switch (request) {
      case queue::job::run_request:
        return asked.run_from_queue();
      case queue::job::refuse_request:
        return asked.refuse_from_queue(*why);
      case queue::job::inquiry_request:
        if (asked.current() != phase::pending) queue::job::answer_inquiry(why);
        return;
      case state_base::execute_request:
        return asked.execute();
      case state_base::discard_request:
        return asked.end(phase::cancelled);
      case state_base::destroy_result_request:
        return asked.destroy_result();
      default:
        delete &asked;
    }
  }

  void run_from_queue() noexcept {
    switch (this->word_.leave_queue(phase::running)) {
      case state_word::dequeue_result::claimed:
        return execute();
      case state_word::dequeue_result::taken:
        return;
      case state_word::dequeue_result::free:
        delete this;
    }
  }

  [[gnu::noinline]] void refuse_from_queue(const queue::refusal& why) noexcept {
    // Ending with an error is no cancellation: a cancel() meanwhile must not think that it is.
    switch (this->word_.leave_queue(why.error == nullptr ? phase::cancelling : phase::running)) {
      case state_word::dequeue_result::claimed:
        if (why.error == nullptr) return end(phase::cancelled);
        this->outcome_.emplace_error(why.error);
        return end(phase::error);
      case state_word::dequeue_result::taken:
        return;
      case state_word::dequeue_result::free:
        delete this;
    }
  }

  void execute() noexcept {
    phase ended = phase::value;
    try {
      this->outcome_.emplace_result_of([this]() -> std::invoke_result_t<Callable, Args...> {
        return std::apply(std::move(callable()), std::move(arguments()));
      });
    } catch (...) {
      this->outcome_.emplace_error(std::current_exception());
      ended = phase::error;
    }
    end(ended);
  }

  void end(phase ended) noexcept {
    call_.~call();
    if (this->word_.complete(ended) == state_word::last_owner::yes) delete this;
  }

  struct call {
    template <class F, class... As>
    explicit call(F&& f, As&&... as) : callable(std::forward<F>(f)), arguments(std::forward<As>(as)...) {}
    [[no_unique_address]] Callable callable;
    [[no_unique_address]] std::tuple<Args...> arguments;
  };

  Callable& callable() noexcept { return call_.callable; }
  std::tuple<Args...>& arguments() noexcept { return call_.arguments; }

  union {  // a union, so that its destruction is ours to time
    call call_;
  };
};

/// A new task for `callable(args...)`, both moved or copied in.
template <class F, class... Args>
[[nodiscard]] auto* make_task(const queue::job_home* home, state_word::queued queued, F&& callable, Args&&... args) {
  return new task<std::decay_t<F>, std::decay_t<Args>...>(home, queued, std::forward<F>(callable),
                                                          std::forward<Args>(args)...);
}

}  // namespace heddle::completion
