// SPDX-License-Identifier: MIT
// The executor that runs every call at once, in the caller: for tests, and the reference for all others.
#pragma once

#include <concepts>
#include <cstddef>
#include <exception>
#include <type_traits>
#include <utility>

#include <heddle/base/atomic.hpp>
#include <heddle/base/runs_when_called.hpp>
#include <heddle/completion/state_word.hpp>
#include <heddle/completion/task.hpp>
#include <heddle/errors.hpp>
#include <heddle/executor.hpp>
#include <heddle/future.hpp>
#include <heddle/launcher.hpp>
#include <heddle/submit_after.hpp>

namespace heddle {

/// Runs `callable(args...)` here; what it returns or throws is in the future, which is done.
template <class F, class... Args>
auto run_call_here(F&& callable, Args&&... args) {
  auto* const task = completion::make_task(nullptr, completion::state_word::queued::no, std::forward<F>(callable),
                                           std::forward<Args>(args)...);
  auto result = future_access::adopt(task);
  task->run_unqueued();
  return result;
}

/// Runs each call inside submit(), so that its future is done when submit() returns. Any thread may use it.
class inline_executor : public map_members<inline_executor> {
 public:
  /// Runs `callable(args...)` here; what it throws is in the future. Throws executor_shutdown_error after shutdown().
  template <class F, class... Args>
    requires completion::callable_with<std::decay_t<F>, std::decay_t<Args>...>
  auto submit(F&& callable, Args&&... args) {
    static_assert(completion::storable<F, Args...>);
    throw_if_shut_down();
    return run_call_here(std::forward<F>(callable), std::forward<Args>(args)...);
  }

  template <class F, class... Args>
    requires completion::needs_ref<F, Args...>
  auto submit(F&&, Args&&...) {
    return refuse_copies<F, Args...>();
  }

  /// Runs `callable()` here. What it throws ends the program by std::terminate, as everywhere: nobody takes it.
  template <class F>
    requires std::invocable<std::decay_t<F>>
  void post(F&& callable) {
    static_assert(base::runs_when_called<std::invoke_result_t<std::decay_t<F>>>);
    throw_if_shut_down();
    std::decay_t<F> own(std::forward<F>(callable));
    [&]() noexcept { static_cast<void>(std::move(own)()); }();
  }

  /// heddle::submit_after() on this executor.
  template <class... Args>
    requires is_after_futures<Args...>
  auto submit_after(Args&&... after_and_callable) {
    return heddle::submit_after(*this, std::forward<Args>(after_and_callable)...);
  }

  /// No call is accepted from now on. There is nothing to wait for or to cancel: returns 0.
  std::size_t shutdown(pending_jobs = pending_jobs::finish, join_workers = join_workers::yes) noexcept {
    // relaxed: a flag that orders nothing.
    shut_down_.store(true, base::relaxed);
    return 0;
  }

  [[nodiscard]] std::size_t max_workers() const noexcept { return 1; }

 private:
  friend class launcher<inline_executor>;
  [[nodiscard]] bool is_shut_down() const noexcept { return shut_down_.load(base::relaxed); }  // relaxed: as above
  void throw_if_shut_down() const {
    if (is_shut_down()) throw executor_shutdown_error();
  }

  base::atomic<bool> shut_down_{false};
};

static_assert(executor<inline_executor>);

/// What is due runs in the thread that makes it so, as continuations do: without recursion.
template <>
class launcher<inline_executor> {
 public:
  static constexpr bool keeps_no_reference = false;
  explicit launcher(const inline_executor& on) noexcept : on_(&on) {}
  static const queue::job_home* home() noexcept { return nullptr; }
  void operator()(queue::job& due, completion::state_word* waiting) const noexcept {
    if (!waiting->make_pending()) return due.run();  // cancelled: it leaves its queue
    if (!on_->is_shut_down()) return completion::deferred_jobs::run(due);
    due.refuse({std::make_exception_ptr(executor_shutdown_error())});
  }

 private:
  const inline_executor* on_;
};

}  // namespace heddle
