// SPDX-License-Identifier: MIT
// Contexts and other executors of Asio's as heddle knows executors.
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <heddle/asio/library.hpp>
#include <heddle/base/runs_when_called.hpp>
#include <heddle/completion/task.hpp>
#include <heddle/executor.hpp>
#include <heddle/future.hpp>
#include <heddle/queue/job.hpp>

namespace heddle {

/// A job as a handler of Asio's: run, or refused when Asio destroys it.
class asio_job {
 public:
  explicit asio_job(queue::job& its_job) noexcept : job_(&its_job) {}
  asio_job(asio_job&& other) noexcept : job_(std::exchange(other.job_, nullptr)) {}
  asio_job& operator=(asio_job&&) = delete;
  ~asio_job() {
    if (job_ != nullptr) job_->refuse({});
  }

  void operator()() { std::exchange(job_, nullptr)->run(); }

 private:
  queue::job* job_;
};

/// An executor of Asio's as heddle knows executors: what as_executor() returns. To be copied, as Asio's are.
template <class AsioExecutor>
class executor_of_asio : public map_members<const executor_of_asio<AsioExecutor>> {
 public:
  executor_of_asio(AsioExecutor on, std::size_t max_workers) noexcept : on_(std::move(on)), max_workers_(max_workers) {}

  /// Posts `callable(args...)` and returns the future of its result. It is cancelled if Asio destroys the call instead,
  /// at the end of its context. Throws what asio::post() throws.
  template <class F, class... Args>
    requires completion::callable_with<std::decay_t<F>, std::decay_t<Args>...>
  auto submit(F&& callable, Args&&... args) const {
    static_assert(completion::storable<F, Args...>);
    auto* const task = completion::make_task(nullptr, completion::state_word::queued::yes, std::forward<F>(callable),
                                             std::forward<Args>(args)...);
    asio_job job(*task);
    auto result = future_access::adopt(task);
    asio_library::post(on_, std::move(job));
    return result;
  }

  template <class F, class... Args>
    requires completion::needs_ref<F, Args...>
  auto submit(F&&, Args&&...) const {
    return refuse_copies<F, Args...>();
  }

  /// asio::post(). What the call throws comes out of the context's run(), as Asio has it.
  template <class F>
    requires std::invocable<std::decay_t<F>>
  void post(F&& callable) const {
    static_assert(base::runs_when_called<std::invoke_result_t<std::decay_t<F>>>);
    asio_library::post(on_, std::forward<F>(callable));
  }

  /// How many threads run the context, as as_executor() was told.
  [[nodiscard]] std::size_t max_workers() const noexcept { return max_workers_; }

 private:
  AsioExecutor on_;
  std::size_t max_workers_;
};

/// An executor of Asio's, or that of a context, as heddle knows executors: for loops, to_thread() and all else that
/// takes one. `max_workers` is how many threads run the context; heddle cannot know.
///
/// Calls begin when somebody runs the context. The context must live while calls are submitted; when it ends, calls
/// that have not begun end as cancelled. A call that waits for another one of the same context blocks its thread, and
/// with only one thread for ever: here only a pool of heddle's does better.
///
///     auto on_io = heddle::as_executor(io);
///     heddle::future<int> answer = on_io.submit([] { return 42; });
template <class AsioExecutor>
  requires asio_library::execution::is_executor<AsioExecutor>::value
[[nodiscard]] auto as_executor(AsioExecutor on, std::size_t max_workers = 1) noexcept {
  return executor_of_asio<AsioExecutor>(std::move(on), max_workers);
}

template <std::derived_from<asio_library::execution_context> Context>
[[nodiscard]] auto as_executor(Context& context, std::size_t max_workers = 1) noexcept {
  return executor_of_asio<typename Context::executor_type>(context.get_executor(), max_workers);
}

}  // namespace heddle
