// SPDX-License-Identifier: MIT
// The executor that runs every call at once, in the caller: for tests, and the reference for all others.
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <heddle/base/atomic.hpp>
#include <heddle/base/runs_when_called.hpp>
#include <heddle/completion/task.hpp>
#include <heddle/errors.hpp>
#include <heddle/executor.hpp>
#include <heddle/future.hpp>

namespace heddle {

/// Runs each call inside submit(), so that its future is done when submit() returns. Any thread may use it.
class inline_executor : public map_members<inline_executor> {
 public:
  /// Runs `callable(args...)` here; what it throws is in the future. Throws executor_shutdown_error after shutdown().
  template <class F, class... Args>
    requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
  auto submit(F&& callable, Args&&... args) {
    static_assert(completion::storable<F, Args...>);
    throw_if_shut_down();
    auto* const task = completion::make_task(nullptr, completion::state_word::queued::no, std::forward<F>(callable),
                                             std::forward<Args>(args)...);
    auto result = future_access::adopt(task);
    task->run_unqueued();
    return result;
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

  /// No call is accepted from now on. There is nothing to wait for or to cancel.
  void shutdown(pending_jobs = pending_jobs::finish, join_workers = join_workers::yes) noexcept {
    // relaxed: a flag that orders nothing.
    shut_down_.store(true, base::relaxed);
  }

  [[nodiscard]] std::size_t max_workers() const noexcept { return 1; }

 private:
  void throw_if_shut_down() const {
    if (shut_down_.load(base::relaxed)) throw executor_shutdown_error();  // relaxed: as in shutdown()
  }

  base::atomic<bool> shut_down_{false};
};

static_assert(executor<inline_executor>);

}  // namespace heddle
