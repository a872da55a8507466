// SPDX-License-Identifier: MIT
// The executor whose workers are processes.
#pragma once

#include <heddle/process/needs_linux.hpp>

#include <chrono>
#include <concepts>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <memory>
#include <span>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <heddle/base/report.hpp>
#include <heddle/base/revocable.hpp>
#include <heddle/base/shared_value.hpp>
#include <heddle/bulk.hpp>
#include <heddle/callable_kind.hpp>
#include <heddle/errors.hpp>
#include <heddle/executor.hpp>
#include <heddle/future.hpp>
#include <heddle/init.hpp>
#include <heddle/map_members.hpp>
#include <heddle/process/argument.hpp>
#include <heddle/process/worker_pool.hpp>
#include <heddle/process_pool_options.hpp>
#include <heddle/register_exception.hpp>
#include <heddle/remote_map.hpp>
#include <heddle/remote_task.hpp>
#include <heddle/shared_callable.hpp>
#include <heddle/submit_after.hpp>
#include <heddle/travelling_call.hpp>
#include <heddle/travelling_chunk.hpp>
#include <heddle/travelling_slice.hpp>

namespace heddle {

/// What process_pool_executor::stats() returns.
using process_pool_stats = process::worker_pool::counts;

/// Runs calls in processes of its own: one that crashes, calls exit(), is killed, or hangs past its timeout is an
/// exception in the future of the call that it ran, and nothing else is lost. Python:
/// concurrent.futures.ProcessPoolExecutor.
///
///     heddle::process_pool_executor procs{{.max_workers = 4}};
///     heddle::future<int> parsed = procs.submit(parse, "untrusted input");
///     try {
///       show(parsed.result());
///     } catch (const heddle::worker_died& crash) {
///       report(crash.what());
///     }
///
/// Callables travel by name, arguments and results as values: a callable is a function, a lambda without captures,
/// partial(function, values...), or by_value(lambda) where a promise is given; argument types are those of
/// can_travel_as_argument, and shared_array; result types those of can_travel. Nothing is shared: what a call changes,
/// it changes in its process. Any thread may use the executor. Destroying it waits for its calls; a callback that it
/// runs must not do so: the program would end, saying why.
class process_pool_executor : public map_members<process_pool_executor> {
 public:
  // What a remote_executor has: a way to it that may outlive it.
  using runs_elsewhere = void;
  using ticket = base::revocable<process_pool_executor>::ticket;
  [[nodiscard]] ticket make_ticket() const noexcept { return self_.make_ticket(); }

  /// Starts what starts the workers, if this process has not done so, and a thread that watches over them. Workers have
  /// the environment of this moment, in which no other thread may change it. Throws std::invalid_argument if one of the
  /// numbers is out of its range, sandbox_error where the sandbox cannot be had, and executor_start_error where the
  /// system refuses, or where start_method cannot be had: mostly since this process has several threads and has not
  /// called heddle::init() first.
  explicit process_pool_executor(const process_pool_options& options = {}) try
      : timeout_(options.timeout),
        max_workers_(options.max_workers),
        pool_(std::make_unique<process::worker_pool>(checked(options))) {
  } catch (const sandbox_error&) {
    throw;
  } catch (const std::system_error& refused) {
    throw process_pool_options::start_error(refused);
  }

  template <std::integral Count>
  explicit process_pool_executor(Count) : process_pool_executor() {
    static_assert(!std::is_same_v<Count, Count>,
                  "the options of a pool have names: process_pool_executor procs{{.max_workers = 4}};");
  }

  process_pool_executor(const process_pool_executor&) = delete;
  process_pool_executor& operator=(const process_pool_executor&) = delete;

  ~process_pool_executor() {
    if (!pool_->is_of_this_process()) {
      pool_->leave_behind();
      way_.leave_behind();
      self_.leave_behind();
      return;
    }
    if (pool_->runs_this_thread()) {
      std::fputs(
          "heddle: a callback of a future destroys the process_pool_executor that calls it, which would wait for "
          "itself "
          "for ever; let another thread destroy the executor\n",
          stderr);
      std::terminate();
    }
    pool_->close();
    pool_->join();
    self_.revoke();
    way_.revoke();
  }

  /// Has a worker call `callable(args...)`, and returns the future of its result.
  ///
  /// The callable and the arguments are moved or copied in, and kept until the call has ended. They are encoded here,
  /// or later in another thread; what that throws is in the future. Cancelling the future kills the worker that runs
  /// the call, if one does. Throws std::invalid_argument for a std::span of mutable elements that are not in a
  /// shared_array, executor_shutdown_error after shutdown(), and broken_process_pool when the pool is broken: an
  /// initializer threw or took too long, a call crashed under on_crash::break_pool(), or this is the child of a fork.
  template <class F, class... Args>
    requires completion::callable_with<std::decay_t<F>, remote_argument_t<Args>...>
  auto submit(F&& callable, Args&&... args) {
    static_assert(callable_must_travel<F>);
    return push<travelling_call<std::decay_t<F>, remote_argument_t<Args>...>>(std::forward<F>(callable),
                                                                              std::forward<Args>(args)...);
  }

  /// For a callable that takes what cannot be sent: says what to write.
  template <class F, class... Args>
    requires(!completion::callable_with<std::decay_t<F>, remote_argument_t<Args>...> &&
             completion::callable_with<std::decay_t<F>, Args...>)
  future<completion::task_result_t<completion::call_result_t<std::decay_t<F>, Args...>>> submit(F&&, Args&&...) {
    static_assert(!std::is_same_v<F, F>,
                  "a call in another process has copies of the arguments, and what it changes there is lost: let it "
                  "take values or references to const, and return what it makes; in place it writes to a "
                  "heddle::shared_array, which it takes as a std::span; characters it takes as a std::string or a "
                  "std::string_view, not as a pointer");
    return {};
  }

  /// The same without a future. What the call throws, or that its worker has died, is written to the standard error
  /// stream.
  template <class F>
    requires std::invocable<std::decay_t<F>>
  void post(F&& callable) {
    auto result = submit(std::forward<F>(callable));
    result.add_done_callback([](const auto& done) {
      if (done.cancelled()) return;
      if (const std::exception_ptr error = done.exception())
        base::report_exception("a call that was posted to worker processes has failed", error);
    });
  }

  /// Submits `callable(x, y, ...)` for the elements of `ranges` taken together, up to the end of the shortest, and
  /// returns their futures in this order. Throws as submit(), and cancels then what it has submitted.
  template <class F, mappable_range... Rs>
  [[nodiscard]] auto submit_bulk(F&& callable, Rs&&... ranges) {
    static_assert(is_mappable<F, Rs...>());
    const base::shared_value<const std::decay_t<F>> shared(std::in_place, std::forward<F>(callable));
    std::vector<future<map_result_t<std::decay_t<F>, Rs...>>> futures;
    try {
      for_each_together(
          [&](auto&&... each) {
            futures.emplace_back();
            futures.back() = submit_shared(shared, element_of<Rs>(std::forward<decltype(each)>(each))...);
          },
          ranges...);
    } catch (...) {
      for (auto& each : futures) {
        if (each.valid()) each.cancel();
      }
      throw;
    }
    return futures;
  }

  /// For map(): submit() of a callable that other calls have, too.
  template <class F, class... Args>
  [[nodiscard]] auto submit_shared(const base::shared_value<const F>& callable, Args&&... args) {
    constexpr callable_kind kind = kind_of_callable<F>;
    if constexpr (kind == callable_kind::partial || kind == callable_kind::by_value) {
      return submit(shared_callable<F>(callable), std::forward<Args>(args)...);
    } else {
      return submit(*callable, std::forward<Args>(args)...);  // there is nothing to share
    }
  }

  /// For map(): a call for several elements, whose results come together.
  template <class F, class Elements, class T>
  [[nodiscard]] future<void> submit_chunk(chunk_call<F, Elements, T>&& call) {
    return push<travelling_chunk<F, Elements, T>>(std::move(call));
  }

  /// For parallel loops: calls for elements that stay where they are, as long as `in_use` counts them.
  template <class R, class F, class... Ts>
  [[nodiscard]] auto submit_slice(slices_in_use& in_use, const F& callable, std::span<Ts>... elements) {
    return push<travelling_slice<std::decay_t<F>, R, Ts...>>(in_use, callable, elements...);
  }

  /// heddle::submit_after() on this executor.
  template <class... Args>
    requires is_after_futures<Args...>
  auto submit_after(Args&&... after_and_callable) {
    return heddle::submit_after(*this, std::forward<Args>(after_and_callable)...);
  }

  /// After a time: says what to write.
  template <class First, class... Rest>
    requires(!is_after_futures<First, Rest...>)
  auto submit_after(First&&, Rest&&...) {
    static_assert(!std::is_same_v<First, First>,
                  "a pool of worker processes has no clock for calls: take a thread pool's, "
                  "threads.submit_after(100ms, [&procs] { return procs.submit(f); })");
  }

  /// No call is accepted from now on; those that no worker has begun are run, or cancelled. Waits for all and for the
  /// end of the workers, unless told not to; the destructor waits in any case. Any thread, any number of times. Returns
  /// how many calls that has cancelled. Throws invalid_state_error where it would wait in a callback that this pool
  /// runs.
  std::size_t shutdown(pending_jobs pending = pending_jobs::finish, join_workers join = join_workers::yes) {
    if (join == join_workers::yes && pool_->runs_this_thread()) {
      throw invalid_state_error(
          "a callback of a future cannot wait for the end of the pool that calls it: call shutdown() with "
          "join_workers::no, or outside it");
    }
    pool_->close();
    const std::size_t cancelled = pending == pending_jobs::cancel ? pool_->cancel_waiting() : 0;
    if (join == join_workers::yes) pool_->join();
    return cancelled;
  }

  /// shutdown() with pending_jobs::cancel that does not wait, and the workers are sent SIGTERM: calls that run fail
  /// with worker_died. Python: terminate_workers.
  void terminate_workers() {
    shutdown(pending_jobs::cancel, join_workers::no);
    pool_->signal_workers(SIGTERM);
  }
  /// The same with SIGKILL, which nothing outlives. Python: kill_workers.
  void kill_workers() {
    shutdown(pending_jobs::cancel, join_workers::no);
    pool_->signal_workers(SIGKILL);
  }

  [[nodiscard]] std::size_t max_workers() const noexcept { return max_workers_; }

  /// What the pool has done so far and does now, approximately: to watch it, not to decide by. Any thread.
  [[nodiscard]] process_pool_stats stats() const { return pool_->count(); }

  /// The process numbers of the workers that there are, to watch them from outside. One that was started a moment ago
  /// may be missing, also when it has done calls already.
  [[nodiscard]] std::vector<pid_t> worker_pids() const { return pool_->worker_pids(); }

 private:
  static process::worker_pool_settings checked(const process_pool_options& options) {
    options.check();
    return options.settings();
  }

  [[noreturn]] static void throw_left_behind_by_fork() {
    throw broken_process_pool(
        "the workers of this pool belong to the process that has forked this one, so it takes no work here; make a new "
        "pool in the child");
  }

  template <class Call, class... Given>
  auto push(Given&&... given) {
    if (!pool_->is_of_this_process()) throw_left_behind_by_fork();
    auto* const made = new remote_task<Call>(way_.make_ticket(), timeout_, std::forward<Given>(given)...);
    auto result = future_access::adopt(made);
    if (!pool_->try_push(*made)) {
      made->turn_away();
      if (const std::exception_ptr broken = pool_->why_broken()) std::rethrow_exception(broken);
      throw executor_shutdown_error();
    }
    return result;
  }

  const std::chrono::nanoseconds timeout_;
  const std::size_t max_workers_;
  // Not in here: what has mutexes is not to be where something else with mutexes was a moment before, on the stack,
  // which ThreadSanitizer takes for the same ones.
  const std::unique_ptr<process::worker_pool> pool_;
  base::revocable<process::worker_pool> way_{*pool_};
  base::revocable<process_pool_executor> self_{*this};
};

static_assert(executor<process_pool_executor>);

}  // namespace heddle
