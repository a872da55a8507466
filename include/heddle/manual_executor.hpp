// SPDX-License-Identifier: MIT
// The executor whose calls run when you say so, in the order that you chose: for deterministic tests.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <mutex>
#include <type_traits>
#include <utility>

#include <heddle/base/atomic.hpp>
#include <heddle/base/runs_when_called.hpp>
#include <heddle/base/seeded_random.hpp>
#include <heddle/completion/task.hpp>
#include <heddle/errors.hpp>
#include <heddle/executor.hpp>
#include <heddle/future.hpp>
#include <heddle/map_members.hpp>
#include <heddle/queue/detached_job.hpp>
#include <heddle/queue/job.hpp>
#include <heddle/queue/job_home.hpp>
#include <heddle/submit_after.hpp>
#include <heddle/sync/this_thread.hpp>

namespace heddle {

/// Which of the calls that wait a manual_executor runs next: the oldest, the newest, or any.
enum class manual_order { fifo, lifo, random };

struct manual_executor_options {
  manual_order order = manual_order::fifo;
  /// For a random order: the same seed gives the same one on every system, for the same calls in the same order.
  std::uint64_t seed = 0;
};

/// Queues calls and runs none of them until it is told to: for tests of code that takes an executor.
///
///     heddle::manual_executor executor{{.order = heddle::manual_order::random, .seed = 7}};
///     auto f = executor.submit([] { return 42; });
///     CHECK(executor.pending() == 1);
///     executor.run_all();
///     CHECK(f.result() == 42);
///
/// Any thread may submit and run, several at a time, and calls may too. A call that waits for the result of another one
/// that is queued here runs it, as in a pool. Any other thread that waits for one sleeps until somebody runs it, a test
/// with one thread for ever: so run first, then ask; run_until() does both.
///
/// Destroying the executor cancels what has not run, unlike that of a pool: what a test did not ask for would otherwise
/// run at the end of a scope, where the objects that the calls refer to may be gone. No thread may be running calls
/// then.
class manual_executor : public map_members<manual_executor> {
 public:
  explicit manual_executor(manual_executor_options options = {}) : order_(options.order), random_(options.seed) {}

  manual_executor(const manual_executor&) = delete;
  manual_executor& operator=(const manual_executor&) = delete;

  ~manual_executor() { shutdown(pending_jobs::cancel); }

  /// Queues `callable(args...)` and returns the future of its result. The callable and the arguments are moved or
  /// copied in, never copied afterwards, and destroyed before the future is done. Throws executor_shutdown_error after
  /// shutdown().
  template <class F, class... Args>
    requires completion::callable_with<std::decay_t<F>, std::decay_t<Args>...>
  auto submit(F&& callable, Args&&... args) {
    static_assert(completion::storable<F, Args...>);
    auto* const task = completion::make_task(&home_, completion::state_word::queued::yes, std::forward<F>(callable),
                                             std::forward<Args>(args)...);
    auto result = future_access::adopt(task);
    push(*task);
    return result;
  }

  template <class F, class... Args>
    requires completion::needs_ref<F, Args...>
  auto submit(F&&, Args&&...) {
    return refuse_copies<F, Args...>();
  }

  /// Queues `callable()`, without a future. What it throws ends the program by std::terminate, as everywhere.
  template <class F>
    requires std::invocable<std::decay_t<F>>
  void post(F&& callable) {
    push(*new queue::detached_job<std::decay_t<F>>(std::forward<F>(callable)));
  }

  /// heddle::submit_after() on this executor.
  template <class... Args>
    requires is_after_futures<Args...>
  auto submit_after(Args&&... after_and_callable) {
    return heddle::submit_after(*this, std::forward<Args>(after_and_callable)...);
  }

  /// Runs one call here, and those that it waits for. False if none waits to be run.
  bool run_one() { return run_next() != 0; }

  /// Runs calls here until none waits, those too that the calls submit. Returns how many that were, without those that
  /// were cancelled; where several threads run or cancel calls at the same time, approximately.
  std::size_t run_all() {
    std::size_t total = 0;
    while (const std::size_t more = run_next()) total += more;
    return total;
  }

  /// Runs calls here until `awaited` is done. False if it is not and no call waits any more.
  template <class T>
  bool run_until(const future<T>& awaited) {
    while (!awaited.done()) {
      if (!run_one()) return awaited.done();
    }
    return true;
  }

  /// How many calls wait to be run; those that were cancelled do not count. Looks at each.
  [[nodiscard]] std::size_t pending() const {
    const std::lock_guard lock(mutex_);
    std::size_t count = 0;
    for (queue::job* const each : waiting_) count += each->is_tombstone() ? 0U : 1U;
    return count;
  }

  /// No call is accepted from now on; those that wait are run here, or cancelled. With join_workers::no those to be run
  /// are left to run_one(). Does not wait for calls that other threads run. Returns how many were cancelled.
  std::size_t shutdown(pending_jobs pending = pending_jobs::finish, join_workers join = join_workers::yes) {
    close();
    base::atomic<std::size_t> cancelled{0};
    if (pending == pending_jobs::cancel) {
      while (queue::job* const left = try_take()) left->refuse({.ended = &cancelled});
    } else if (join == join_workers::yes) {
      run_all();
    }
    return cancelled.load(base::relaxed);  // relaxed: this thread's
  }

  /// 1: code under test does not count on more. The number of threads that run calls is up to you.
  [[nodiscard]] std::size_t max_workers() const noexcept { return 1; }

 private:
  struct identity final : queue::job_home {};

  /// What the thread that runs a call is to code which blocks in it. Where the thread is a worker of a pool, or has an
  /// event loop, it stays so.
  class running_call final : public sync::thread_context {
   public:
    explicit running_call(manual_executor& its_executor) noexcept
        : thread_context(&its_executor.home_, sync::current_context::get()), executor_(its_executor), here_(*this) {}

    /// The call, and what it waited for.
    [[nodiscard]] std::size_t calls_run() const noexcept { return 1 + withdrawn_; }

   private:
    void about_to_block(const queue::job* awaited) noexcept override {
      if (under() != nullptr) under()->begin_block(awaited);
    }
    void resumed() noexcept override {
      if (under() != nullptr) under()->end_block();
    }
    [[nodiscard]] bool may_be_replaced() const noexcept override { return false; }
    bool try_withdraw(const queue::job& claimed) noexcept override {
      const bool withdrawn = executor_.try_withdraw(claimed);
      if (withdrawn) ++withdrawn_;
      return withdrawn;
    }

    manual_executor& executor_;
    std::size_t withdrawn_ = 0;
    sync::scoped_context here_;
  };

  void push(queue::job& added) {
    try {
      const std::lock_guard lock(mutex_);
      if (closed_) throw executor_shutdown_error();
      waiting_.push_back(&added);
    } catch (...) {
      added.refuse({});
      throw;
    }
  }

  /// Returns how many calls were run: those too that the next one waited for.
  std::size_t run_next() {
    while (queue::job* const next = try_take()) {
      const bool cancelled = next->is_tombstone();
      const sync::blocking_allowed in_job;
      running_call here(*this);  // not const: it is changed through the thread's context
      next->run();
      if (!cancelled) return here.calls_run();
    }
    return 0;
  }

  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }

  /// Takes out the next job, a tombstone too; null if there is none.
  [[nodiscard]] queue::job* try_take() {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) return nullptr;
    const auto at = waiting_.begin() + static_cast<std::ptrdiff_t>(next_index());
    queue::job* const taken = *at;
    waiting_.erase(at);
    return taken;
  }

  [[nodiscard]] std::size_t next_index() noexcept {
    switch (order_) {
      case manual_order::lifo:
        return waiting_.size() - 1;
      case manual_order::random:
        return static_cast<std::size_t>(random_.below(waiting_.size()));
      default:
        return 0;
    }
  }

  [[nodiscard]] bool try_withdraw(const queue::job& claimed) noexcept {
    const std::lock_guard lock(mutex_);
    for (auto at = waiting_.begin(); at != waiting_.end(); ++at) {
      if (*at != &claimed) continue;
      waiting_.erase(at);
      return true;
    }
    return false;
  }

  identity home_;
  mutable std::mutex mutex_;
  std::deque<queue::job*> waiting_;  // the oldest first, tombstones among them
  bool closed_ = false;
  manual_order order_;
  base::seeded_random random_;
};

static_assert(executor<manual_executor>);

}  // namespace heddle
