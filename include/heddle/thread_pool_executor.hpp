// SPDX-License-Identifier: MIT
// The executor whose workers are threads.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <heddle/base/atomic.hpp>
#include <heddle/base/pin_module.hpp>
#include <heddle/base/report.hpp>
#include <heddle/base/shared_value.hpp>
#include <heddle/base/unique_function.hpp>
#include <heddle/completion/task.hpp>
#include <heddle/errors.hpp>
#include <heddle/executor.hpp>
#include <heddle/future.hpp>
#include <heddle/priority.hpp>
#include <heddle/queue/detached_job.hpp>
#include <heddle/queue/job_batch.hpp>
#include <heddle/queue/lane.hpp>
#include <heddle/scheduling/pool.hpp>
#include <heddle/scheduling/pool_settings.hpp>
#include <heddle/scheduling/pool_stats.hpp>
#include <heddle/scheduling/thread.hpp>
#include <heddle/sync/this_thread.hpp>
#include <heddle/thread_pool_options.hpp>

namespace heddle {

/// What thread_pool_executor::stats() returns.
using thread_pool_stats = scheduling::pool_stats;

/// Runs calls on a fixed number of threads. Python: concurrent.futures.ThreadPoolExecutor.
///
///     heddle::thread_pool_executor pool{{.max_workers = 4}};
///     heddle::future<int> answer = pool.submit([](int a, int b) { return a * b; }, 6, 7);
///     std::cout << answer.result();
///
/// Calls that outside threads submit begin first in, first out, but for a few: workers take several at a time. Those
/// that a worker submits are its own, the newest first, and others take its oldest; options and priorities change that.
/// With one worker all calls of a priority begin in the order of submission. Any thread may use it, a task of its own
/// too: a task that waits for a future of its own pool runs that call itself if it is still queued, so nested
/// submit-and-wait never deadlocks, on one thread either. While a worker blocks on something else, another thread
/// stands in for it, if there is more than one worker. Destroying the executor runs what is queued and waits for it;
/// its own tasks must not do that, nor the body of a loop on it: the program ends then, and says why.
class thread_pool_executor : public map_members<thread_pool_executor> {
  friend struct thread_pool_access;
  friend class prioritized<thread_pool_executor>;

 public:
  static constexpr std::size_t most_workers = thread_pool_options::most_workers;
  static constexpr std::size_t most_stand_ins = thread_pool_options::most_stand_ins;

  /// Starts the threads. Throws std::invalid_argument if one of the numbers is out of its range, and
  /// executor_start_error if the system cannot start that many threads with such stacks: those already started have
  /// then ended.
  explicit thread_pool_executor(thread_pool_options options = {})
      : initializer_(std::move(options.initializer)),
        finalizer_(std::move(options.finalizer)),
        thread_name_prefix_(std::move(options.thread_name_prefix)),
        pool_(start(options)) {}

  template <std::integral Count>
  explicit thread_pool_executor(Count) : thread_pool_executor() {
    static_assert(!std::is_same_v<Count, Count>,
                  "the options of a pool have names: thread_pool_executor pool{{.max_workers = 4}};");
  }

  thread_pool_executor(const thread_pool_executor&) = delete;
  thread_pool_executor& operator=(const thread_pool_executor&) = delete;

  ~thread_pool_executor() {
    if (pool_.runs_this_thread()) {
      end_program(
          "heddle: a task, or a thread_local object of its thread, destroys the thread_pool_executor that runs it, and "
          "would wait for itself for ever; "
          "let another thread destroy the executor, or call shutdown(pending_jobs::finish, join_workers::no)\n");
    }
    if (pool_.has_guests()) {
      end_program(
          "heddle: a thread_pool_executor is destroyed while a thread is in a parallel loop on it, or in "
          "parallel_invoke(); let the loop return first\n");
    }
    pool_.close();
  }

  /// Queues `callable(args...)` and returns the future of its result. Never blocks.
  ///
  /// The callable and the arguments are moved or copied in, never copied afterwards, moved into the call, and destroyed
  /// before the future is done; pass std::ref to share. Throws executor_shutdown_error after shutdown() and
  /// broken_thread_pool after an initializer threw.
  template <class F, class... Args>
    requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
  auto submit(F&& callable, Args&&... args) {
    return submit_at(priority::normal, std::forward<F>(callable), std::forward<Args>(args)...);
  }

  /// Queues `callable()`, without a future. What it throws ends the program by std::terminate, at the throw: use
  /// submit() where a call may fail. Throws as submit().
  template <class F>
    requires std::invocable<std::decay_t<F>>
  void post(F&& callable) {
    post_at(priority::normal, std::forward<F>(callable));
  }

  /// Queues `callable(x, y, ...)` for the elements of `ranges` taken together, up to the end of the shortest, all at
  /// once, and returns their futures in this order. Cheaper than as many submit(). Never blocks, but for reading the
  /// ranges.
  ///
  /// The callable is taken once, shared by all calls and called as const; elements are copied into the calls, or moved
  /// where the range yields rvalues. If this throws, as submit() does, or what copying an element throws, nothing was
  /// queued. The calls begin in their order, as far as one worker takes them, also if a worker submits them.
  ///
  ///     std::vector<heddle::future<image>> images = pool.submit_bulk(decode, files);
  template <class F, mappable_range... Rs>
  [[nodiscard]] auto submit_bulk(F&& callable, Rs&&... ranges) {
    return submit_bulk_at(priority::normal, std::forward<F>(callable), ranges...);
  }

  /// The same without futures. What a call throws ends the program, as with post().
  template <class F, mappable_range... Rs>
  void post_bulk(F&& callable, Rs&&... ranges) {
    post_bulk_at(priority::normal, std::forward<F>(callable), ranges...);
  }

  /// This pool as an executor whose calls have that priority: see prioritized.
  ///
  ///     pool.with(heddle::priority::high).submit(answer, request);
  [[nodiscard]] prioritized<thread_pool_executor> with(priority level) & noexcept { return {*this, level}; }

  template <class Pool = thread_pool_executor>
  void with(priority) && {
    static_assert(!std::is_same_v<Pool, thread_pool_executor>,
                  "with() gives a view of the pool, and this pool ends with the expression: give the pool a name");
  }

  /// No call is accepted from now on; those that have not begun are run, or cancelled. Waits for the workers to end,
  /// unless told not to; the destructor waits in any case. Any thread, any number of times. Throws invalid_state_error
  /// in a task of this pool that would wait for itself.
  void shutdown(pending_jobs pending = pending_jobs::finish, join_workers join = join_workers::yes) {
    if (join == join_workers::yes && pool_.runs_this_thread()) {
      throw invalid_state_error(
          "a task cannot wait for the end of the pool that runs it: call shutdown() with join_workers::no, or outside "
          "it");
    }
    pool_.close();
    if (pending == pending_jobs::cancel) pool_.refuse_queued({});
    if (join == join_workers::yes) pool_.join();
  }

  [[nodiscard]] std::size_t max_workers() const noexcept { return pool_.size(); }

  /// What the pool has done so far and does now, approximately: to watch it, not to decide by. Any thread; never
  /// blocks.
  [[nodiscard]] thread_pool_stats stats() const noexcept { return pool_.stats(); }

 private:
  [[noreturn]] static void end_program(const char* why) noexcept {
    std::fputs(why, stderr);
    std::terminate();
  }

  scheduling::pool start(const thread_pool_options& options) {
    options.check();
    const auto start_worker = [this](std::size_t index) {
      scheduling::name_this_thread(thread_name_prefix_, index);
      if (initializer_) initialize();
    };
    scheduling::pool_settings settings{.workers = options.max_workers,
                                       .on_start = start_worker,
                                       .owner = this,
                                       .stack_size = options.stack_size,
                                       .affinity = options.affinity,
                                       .order = options.order,
                                       .max_stand_ins = options.max_stand_ins};
    if (finalizer_) settings.on_end = [this] { finalize(); };
    try {
      return scheduling::pool(std::move(settings));
    } catch (const std::system_error& error) {
      throw executor_start_error(error.code(), options.could_not_start());
    }
  }

  void initialize() {
    try {
      initializer_();
    } catch (...) {
      std::throw_with_nested(broken_thread_pool(
          "an initializer of this thread pool threw, so it takes no work; what was thrown is nested inside"));
    }
  }

  void finalize() noexcept {
    try {
      finalizer_();
    } catch (...) {
      base::report_exception("a finalizer of a thread pool threw, which is ignored", std::current_exception());
    }
  }

  // ---- submitting

  static constexpr queue::lane lane_of(priority level) noexcept {
    using enum queue::lane;
    return level == priority::high ? high : level == priority::normal ? normal : background;
  }

  template <class F, class... Args>
  auto submit_at(priority level, F&& callable, Args&&... args) {
    static_assert(completion::storable<F, Args...>);
    auto* const task = make_task(std::forward<F>(callable), std::forward<Args>(args)...);
    auto result = future_access::adopt(task);
    push(*task, lane_of(level));
    return result;
  }

  template <class F>
  void post_at(priority level, F&& callable) {
    push(*new queue::detached_job<std::decay_t<F>>(std::forward<F>(callable)), lane_of(level));
  }

  template <class F, class... Rs>
  auto submit_bulk_at(priority level, F&& callable, Rs&... ranges) {
    static_assert(is_mappable<F, Rs...>());
    using Callable = std::decay_t<F>;
    const base::shared_value<const Callable> shared(std::in_place, std::forward<F>(callable));
    std::vector<future<map_result_t<Callable, Rs...>>> futures;
    queue::job_batch batch;
    futures.reserve(known_number_of_calls(ranges...));
    batch.reserve(known_number_of_calls(ranges...));
    make_calls(
        shared,
        [&](auto&& call) {
          auto& result = futures.emplace_back();
          queue::job*& place = batch.add_place();
          auto* const task = make_task(std::forward<decltype(call)>(call));
          result = future_access::adopt(task);
          place = task;
        },
        ranges...);
    push(batch, lane_of(level));
    return futures;
  }

  template <class F, class... Rs>
  void post_bulk_at(priority level, F&& callable, Rs&... ranges) {
    static_assert(is_mappable<F, Rs...>());
    const base::shared_value<const std::decay_t<F>> shared(std::in_place, std::forward<F>(callable));
    queue::job_batch batch;
    batch.reserve(known_number_of_calls(ranges...));
    make_calls(
        shared,
        [&batch](auto&& call) {
          queue::job*& place = batch.add_place();
          place = new queue::detached_job<std::remove_cvref_t<decltype(call)>>(std::forward<decltype(call)>(call));
        },
        ranges...);
    push(batch, lane_of(level));
  }

  template <class F, class... Args>
  auto* make_task(F&& callable, Args&&... args) {
    return completion::make_task(&pool_, completion::state_word::queued::yes, std::forward<F>(callable),
                                 std::forward<Args>(args)...);
  }

  template <class Job>
  scheduling::pool::admission try_push(Job& added, queue::lane to) {
    try {
      return pool_.try_push(added, to);
    } catch (...) {
      added.refuse({});
      throw;
    }
  }

  template <class Job>
  void push(Job& added, queue::lane to) {
    const scheduling::pool::admission answer = try_push(added, to);
    if (answer != scheduling::pool::admission::accepted) [[unlikely]]
      reject(added, answer);
  }

  void push(queue::job_batch& added, queue::lane to) {
    if (added.jobs().empty()) return;
    const scheduling::pool::admission answer = pool_.try_push(added.jobs(), to);
    if (answer != scheduling::pool::admission::accepted) throw_refusal(answer);
    added.give_away();
  }

  [[noreturn, gnu::noinline]] void reject(queue::job& rejected, scheduling::pool::admission why) const {
    rejected.refuse({});
    throw_refusal(why);
  }

  [[noreturn]] void throw_refusal(scheduling::pool::admission why) const {
    if (why == scheduling::pool::admission::left_behind) throw_left_behind();
    pool_.rethrow_if_broken();
    throw executor_shutdown_error();
  }

  [[noreturn]] static void throw_left_behind() {
    throw broken_thread_pool(
        "the threads of this pool stayed behind in the process that forked this one, so it takes no work; make a new "
        "pool in the child, or use default_executor(), which does");
  }

  base::unique_function<void()> initializer_;
  base::unique_function<void()> finalizer_;
  std::string thread_name_prefix_;
  scheduling::pool pool_;
};

static_assert(executor<thread_pool_executor>);
static_assert(executor<const prioritized<thread_pool_executor>>);

/// For heddle's own fork-join functions and groups.
struct thread_pool_access {
  [[nodiscard]] static scheduling::pool& pool_of(thread_pool_executor& executor) noexcept { return executor.pool_; }

  [[nodiscard]] static queue::lane lane_of(priority level) noexcept { return thread_pool_executor::lane_of(level); }

  /// Throws broken_thread_pool after an initializer threw.
  [[nodiscard]] static scheduling::crew& crew_of(thread_pool_executor& executor) {
    executor.pool_.rethrow_if_broken();
    if (!is_of_this_process(executor)) [[unlikely]]
      thread_pool_executor::throw_left_behind();
    return executor.pool_.members();
  }

  /// Why the pool did not take what it was given.
  [[noreturn]] static void throw_refusal(const thread_pool_executor& executor, scheduling::pool::admission why) {
    executor.throw_refusal(why);
  }

  [[nodiscard]] static bool is_of_this_process(const thread_pool_executor& executor) noexcept {
    return executor.pool_.is_of_this_process();
  }
};

/// The slow half of default_executor(), once in a process: not inline, or it would be part of everything that has a
/// default.
[[gnu::noinline]] inline thread_pool_executor& make_default_executor(base::atomic<thread_pool_executor*>& kept,
                                                                     thread_pool_executor* outdated) {
  auto* const made = new thread_pool_executor();
  base::pin_this_module();
  // [default_executor.1] release: the pool. acquire: the one of a thread that was faster.
  if (kept.compare_exchange_strong(outdated, made, base::acq_rel, base::acquire)) return *made;
  delete made;
  return *outdated;
}

/// The pool that is used where none is named: created on first use with one thread per available CPU, and anew in a
/// child process that forked. It is never destroyed, so that it works at any time, also while the program ends; work it
/// still has then is abandoned.
[[nodiscard]] inline thread_pool_executor& default_executor() {
  static constinit base::atomic<thread_pool_executor*> never_destroyed{nullptr};
  // [default_executor.1] acquire: the pool that another thread has made.
  thread_pool_executor* const known = never_destroyed.load(base::acquire);
  if (known != nullptr && thread_pool_access::is_of_this_process(*known)) [[likely]]
    return *known;
  return make_default_executor(never_destroyed, known);
}

/// The pool whose worker calls, else default_executor(): where functions without an executor argument run.
[[nodiscard]] inline thread_pool_executor& current_executor() {
  if (void* const owner = scheduling::pool::owner_of_this_thread()) return *static_cast<thread_pool_executor*>(owner);
  return default_executor();
}

}  // namespace heddle
