// SPDX-License-Identifier: MIT
// A call that a queue can hold and a future can wait for, in one allocation: callable, arguments, state and result.
#pragma once

#include <tuple>
#include <type_traits>
#include <utility>

#include <heddle/base/invoke.hpp>
#include <heddle/base/runs_when_called.hpp>
#include <heddle/base/stop_token.hpp>
#include <heddle/completion/queued_state.hpp>

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

/// Whether a callable gets a stop_token before its arguments: if it cannot be called without one.
template <class Callable, class... Args>
inline constexpr bool takes_stop_token =
    !std::is_invocable_v<Callable, Args...> && std::is_invocable_v<Callable, base::stop_tokens::stop_token, Args...>;

/// Whether a task can call `Callable` with `Args`, each as it is in the task.
template <class Callable, class... Args>
concept callable_with = std::is_invocable_v<Callable, Args...> || takes_stop_token<Callable, Args...>;

/// Whether the callable fits the arguments as they were passed, and not the copies of them that a task has: then it
/// takes one by reference to non-const.
template <class F, class... Args>
concept needs_ref = !callable_with<std::decay_t<F>, std::decay_t<Args>...> && callable_with<std::decay_t<F>, Args...>;

/// How a task without and with a stop_token calls, and is asked to stop.
template <bool TakesStopToken>
struct task_call {
  template <class Callable, class Args>
  decltype(auto) operator()(Callable&& callable, Args&& args) {
    return std::apply(std::forward<Callable>(callable), std::forward<Args>(args));
  }
  bool stop() noexcept { return false; }
};

template <>
struct task_call<true> {
  template <class Callable, class Args>
  decltype(auto) operator()(Callable&& callable, Args&& args) {
    return std::apply(std::forward<Callable>(callable),
                      std::tuple_cat(std::tuple(source.get_token()), std::forward<Args>(args)));
  }
  bool stop() noexcept { return source.request_stop(), true; }
  base::stop_tokens::stop_source source;
};

template <class Callable, class... Args>
using call_result_t = decltype(std::declval<task_call<takes_stop_token<Callable, Args...>>&>()(
    std::declval<Callable>(), std::declval<std::tuple<Args...>>()));

/// A callable with its arguments, for one call. Who holds it says when they are destroyed.
template <class Callable, class... Args>
class held_call {
  static_assert(base::runs_when_called<call_result_t<Callable, Args...>>);

 public:
  template <class F, class... As>
  explicit held_call(F&& callable, As&&... args) : held_(std::forward<F>(callable), std::forward<As>(args)...) {}
  held_call(const held_call&) = delete;
  held_call& operator=(const held_call&) = delete;
  ~held_call() {}  // after destroy()

  /// Both are moved into the call.
  call_result_t<Callable, Args...> operator()() { return call_(std::move(held_.callable), std::move(held_.arguments)); }
  void destroy() noexcept { held_.~held(); }

  /// Whether the call could be asked to stop.
  bool stop() noexcept { return call_.stop(); }

 private:
  struct held {
    template <class F, class... As>
    explicit held(F&& f, As&&... as) : callable(std::forward<F>(f)), arguments(std::forward<As>(as)...) {}
    [[no_unique_address]] Callable callable;
    [[no_unique_address]] std::tuple<Args...> arguments;
  };

  [[no_unique_address]] task_call<takes_stop_token<Callable, Args...>> call_;  // first: it may find no memory
  union {  // a union, so that its destruction is ours to time
    held held_;
  };
};

/// Made by new. The callable and the arguments are moved into the call, and destroyed before the future becomes ready.
template <class Callable, class... Args>
class task final : public queued_state<task<Callable, Args...>, task_result_t<call_result_t<Callable, Args...>>> {
  using base_type = queued_state<task, task_result_t<call_result_t<Callable, Args...>>>;
  friend base_type;

 public:
  template <class F, class... As>
  task(const queue::job_home* home, state_word::queued queued, F&& callable, As&&... args)
      : base_type(home, queued), call_(std::forward<F>(callable), std::forward<As>(args)...) {}

  /// For a task that never was in a queue.
  void run_unqueued() noexcept {
    if (this->word_.try_claim(phase::running) == phase::pending) execute();
  }

 private:
  ~task() = default;

  void execute() noexcept { this->end_with_result_of(call_); }
  void destroy_call() noexcept { call_.destroy(); }
  bool stop() noexcept { return call_.stop(); }

  held_call<Callable, Args...> call_;
};

/// A new task for `callable(args...)`, both moved or copied in.
template <class F, class... Args>
[[nodiscard]] auto* make_task(const queue::job_home* home, state_word::queued queued, F&& callable, Args&&... args) {
  return new task<std::decay_t<F>, std::decay_t<Args>...>(home, queued, std::forward<F>(callable),
                                                          std::forward<Args>(args)...);
}

}  // namespace heddle::completion
