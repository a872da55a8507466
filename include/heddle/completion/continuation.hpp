// SPDX-License-Identifier: MIT
// A call that runs when another one is done, with what that gave.
#pragma once

#include <exception>
#include <type_traits>
#include <utility>

#include <heddle/base/invoke.hpp>
#include <heddle/base/runs_when_called.hpp>
#include <heddle/completion/deferred_jobs.hpp>
#include <heddle/completion/queued_state.hpp>
#include <heddle/completion/task.hpp>
#include <heddle/completion/waiter.hpp>
#include <heddle/queue/job.hpp>

namespace heddle::completion {

/// A handle of a state, as a future has one.
template <class T>
class owned_state {
 public:
  using value_type = T;

  explicit owned_state(shared_state<T>* owned) noexcept : state_(owned) {}
  owned_state(owned_state&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  owned_state& operator=(owned_state&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~owned_state() {
    if (state_ != nullptr) state_->drop_handle();
  }

  [[nodiscard]] shared_state<T>& state() const noexcept { return *state_; }
  [[nodiscard]] state_base* give_away() noexcept { return std::exchange(state_, nullptr); }

  /// The value, to be moved from where it is an object.
  std::add_rvalue_reference_t<T> take() const noexcept {
    if constexpr (!std::is_void_v<T>) return static_cast<T&&>(state_->value());
  }

 private:
  shared_state<T>* state_;
};

/// Where a continuation runs that is due: in the thread that made it so.
struct run_here {
  static const queue::job_home* home() noexcept { return nullptr; }
  void operator()(queue::job& due) const noexcept { deferred_jobs::run(due); }
};

/// Whether the continuation of something that gives a T can be called with that.
template <class F, class Parent>
struct called_with_value : std::invoke_result<F, decltype(std::declval<Parent&>().take())> {};
template <class F, class Parent>
  requires std::is_void_v<typename Parent::value_type>
struct called_with_value<F, Parent> : std::invoke_result<F> {};

/// What to do with a value; errors pass by.
template <class F, class Parent>
struct value_step {
  using result_type = typename called_with_value<F, Parent>::type;
  static constexpr phase taken = phase::value;

  result_type operator()(Parent& from) {
    if constexpr (std::is_void_v<typename Parent::value_type>) {
      return base::invoke(std::move(callable));
    } else {
      return base::invoke(std::move(callable), from.take());
    }
  }
  [[no_unique_address]] F callable;
};

/// What to do with an error of type E, or any; values and other errors pass by.
template <class E, class F, class Parent>
struct error_step {
  using result_type = typename Parent::value_type;
  static constexpr phase taken = phase::error;

  result_type operator()(Parent& from) {
    if constexpr (std::is_same_v<E, std::exception_ptr>) {
      return base::invoke(std::move(callable), from.state().error());
    } else {
      try {
        std::rethrow_exception(from.state().error());
      } catch (E& caught) {
        return base::invoke(std::move(callable), caught);
      }
    }
  }
  [[no_unique_address]] F callable;
};

/// Runs `Step` on the outcome of `Parent`, where `Launch` says, and is itself a state that others can wait for. Its
/// queue is the list of waiters of its parent, and then where `Launch` puts it.
template <class Step, class Parent, class Launch>
class continuation final
    : public waiter,  // first, for it is aligned more strictly
      public queued_state<continuation<Step, Parent, Launch>, task_result_t<typename Step::result_type>> {
  using base_type = queued_state<continuation, task_result_t<typename Step::result_type>>;
  friend base_type;

 public:
  continuation(Parent&& parent, Step&& step, Launch launch)
      : waiter(kind::continuation, &tell),
        base_type(launch.home(), state_word::queued::yes, phase::waiting),
        due_(launch, parent.state()),
        held_(std::move(step), std::move(parent)) {}

  /// To be called once, when somebody holds the handle. The state may be gone afterwards.
  void start() noexcept {
    if (!held_.parent.state().try_add(*this)) tell(*this);
  }

 private:
  static constexpr bool runs_here = std::is_same_v<Launch, run_here>;

  ~continuation() {}  // held_ is gone by then

  static void tell(waiter& self) noexcept {
    auto& due = static_cast<continuation&>(self);
    if constexpr (!runs_here) {
      if (due.due_.parent->current() == Step::taken) {
        const Launch launch = due.due_.launch;
        return launch(due, &due.word_);
      }
    }
    deferred_jobs::run(due);  // what passes by needs no executor
  }

  void execute() noexcept {
    auto& from = held_.parent.state();
    const phase ended = from.current();
    if (ended == phase::cancelled) return this->end(phase::cancelled);
    if (ended == Step::taken) {
      return this->end_with_result_of([this]() -> typename Step::result_type { return held_.step(held_.parent); });
    }
    if constexpr (Step::taken == phase::value) {
      this->end_with(from.error());
    } else {
      this->end_with_result_of([this]() -> decltype(auto) { return held_.parent.take(); });
    }
  }
  void destroy_call() noexcept { held_.~held(); }
  state_base* give_away() noexcept { return held_.parent.give_away(); }
  static bool stop() noexcept { return false; }

  struct held {
    held(Step&& its_step, Parent&& its_parent) : step(std::move(its_step)), parent(std::move(its_parent)) {}
    [[no_unique_address]] Step step;
    Parent parent;
  };

  /// For who tells it, when who cancels it may destroy what is held.
  struct to_launch {
    to_launch(Launch its_launch, const state_base& its_parent) noexcept : launch(its_launch), parent(&its_parent) {}
    Launch launch;
    const state_base* parent;
  };
  struct nothing_to_launch {
    nothing_to_launch(Launch, const state_base&) noexcept {}
  };

  [[no_unique_address]] std::conditional_t<runs_here, nothing_to_launch, to_launch> due_;

  union {  // a union, so that its destruction is ours to time
    held held_;
  };
};

}  // namespace heddle::completion
