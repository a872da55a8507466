// SPDX-License-Identifier: MIT
// The executor whose workers are threads.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <heddle/base/atomic.hpp>
#include <heddle/base/nap.hpp>
#include <heddle/base/pin_module.hpp>
#include <heddle/base/report.hpp>
#include <heddle/base/revocable.hpp>
#include <heddle/base/shared_value.hpp>
#include <heddle/base/task_context.hpp>
#include <heddle/base/unique_function.hpp>
#include <heddle/completion/task.hpp>
#include <heddle/decorated_call.hpp>
#include <heddle/errors.hpp>
#include <heddle/executor.hpp>
#include <heddle/future.hpp>
#include <heddle/inline_executor.hpp>
#include <heddle/launcher.hpp>
#include <heddle/pending_room.hpp>
#include <heddle/pool_launcher.hpp>
#include <heddle/priority.hpp>
#include <heddle/queue/detached_job.hpp>
#include <heddle/queue/job_batch.hpp>
#include <heddle/queue/lane.hpp>
#include <heddle/scheduling/pool.hpp>
#include <heddle/scheduling/pool_settings.hpp>
#include <heddle/scheduling/pool_stats.hpp>
#include <heddle/scheduling/thread.hpp>
#include <heddle/scheduling/timer_thread.hpp>
#include <heddle/stop_token.hpp>
#include <heddle/submit_after.hpp>
#include <heddle/sync/deadline.hpp>
#include <heddle/sync/put_off.hpp>
#include <heddle/sync/this_thread.hpp>
#include <heddle/sync/timeout.hpp>
#include <heddle/thread_pool_options.hpp>
#include <heddle/timed_call.hpp>

namespace heddle {

/// What thread_pool_executor::stats() returns.
using thread_pool_stats = scheduling::pool_stats;

/// Runs calls on threads of its own. Python: concurrent.futures.ThreadPoolExecutor.
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
/// stands in for it. Not for the only worker, unless `max_stand_ins` says so: its calls run one after the other, and
/// must not wait by result() for what then(), submit_after(), when_all() and its like make of a call that is still
/// queued, which nobody else would run.
/// Destroying the executor runs what is queued and waits for it; its own tasks must not do that, nor the body of a loop
/// on it: the program ends then, and says why.
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
        on_unhandled_(std::move(options.on_unhandled)),
        thread_name_prefix_(std::move(options.thread_name_prefix)),
        limit_(options.max_pending, options.when_full),
        pool_(start(options)) {}

  template <std::integral Count>
  explicit thread_pool_executor(Count) : thread_pool_executor() {
    static_assert(!std::is_same_v<Count, Count>,
                  "the options of a pool have names: thread_pool_executor pool{{.max_workers = 4}};");
  }

  thread_pool_executor(const thread_pool_executor&) = delete;
  thread_pool_executor& operator=(const thread_pool_executor&) = delete;

  ~thread_pool_executor() {
    if (pool_.runs_this_thread() || timers_.thread.runs_this_thread() || limits_.thread.runs_this_thread()) {
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
    stop();
    if (pool_.is_of_this_process()) {
      end();
    } else {
      timers_.way.leave_behind();
      limits_.way.leave_behind();
    }
  }

  /// Queues `callable(args...)` and returns the future of its result. Never blocks, unless as many calls wait as
  /// `max_pending` allows: then the option `when_full` says what happens.
  ///
  /// The callable and the arguments are moved or copied in, never copied afterwards, moved into the call, and destroyed
  /// before the future is done; pass std::ref to share. Throws executor_shutdown_error after shutdown() and
  /// broken_thread_pool after an initializer threw, and in the child of a fork.
  template <class F, class... Args>
    requires completion::callable_with<std::decay_t<F>, std::decay_t<Args>...>
  auto submit(F&& callable, Args&&... args) {
    return submit_at(priority::normal, std::forward<F>(callable), std::forward<Args>(args)...);
  }

  template <class F, class... Args>
    requires completion::needs_ref<F, Args...>
  auto submit(F&&, Args&&...) {
    return refuse_copies<F, Args...>();
  }

  /// Queues `callable()`, without a future. What it throws goes to the option `on_unhandled`; without one it ends the
  /// program by std::terminate, at the throw: use submit() where a call may fail. Throws and blocks as submit().
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
  /// With `max_pending`, or where a task_local is bound, they are submitted one by one, and as submit() does it; if
  /// that throws, those that have not begun are cancelled.
  ///
  ///     std::vector<heddle::future<image>> images = pool.submit_bulk(decode, files);
  template <class F, mappable_range... Rs>
  [[nodiscard]] auto submit_bulk(F&& callable, Rs&&... ranges) {
    return submit_bulk_at(priority::normal, std::forward<F>(callable), ranges...);
  }

  /// The same without futures. What a call throws goes where it goes with post(). One by one also with `on_unhandled`;
  /// if that throws, those before it stay.
  template <class F, mappable_range... Rs>
  void post_bulk(F&& callable, Rs&&... ranges) {
    post_bulk_at(priority::normal, std::forward<F>(callable), ranges...);
  }

  /// heddle::submit_after() on this pool: `submit_after(futures..., callable)`.
  template <class... Args>
    requires is_after_futures<Args...>
  auto submit_after(Args&&... after_and_callable) {
    return heddle::submit_after(*this, std::forward<Args>(after_and_callable)...);
  }

  /// As submit(), once `delay` has passed; no thread waits for that but one that all timers of the pool share, which
  /// starts with the first. Calls whose time has not come when the pool is shut down are cancelled. Throws as submit(),
  /// and std::system_error if that thread cannot be started.
  ///
  ///     auto retried = pool.submit_after(100ms, send, message);
  template <class Rep, class Period, class F, class... Args>
    requires completion::callable_with<std::decay_t<F>, std::decay_t<Args>...>
  auto submit_after(const std::chrono::duration<Rep, Period>& delay, F&& callable, Args&&... args) {
    static_assert(completion::storable<F, Args...>);
    return submit_at_time(priority::normal, sync::deadline_after(delay), std::forward<F>(callable),
                          std::forward<Args>(args)...);
  }

  /// Calls `callable()` on this pool again and again, for the first time when one period has passed, until it throws,
  /// its future is cancelled, or the pool is shut down. Calls do not overlap: where one takes longer than the period,
  /// the times that pass meanwhile are left out. The future is never done otherwise; cancelling it does not stop a call
  /// that runs. Throws std::invalid_argument if the period is not positive, and as submit_after().
  ///
  ///     heddle::future<void> report = pool.every(1s, [&] { show(progress); });
  template <class Rep, class Period, class F>
    requires std::invocable<std::decay_t<F>&>
  [[nodiscard]] future<void> every(const std::chrono::duration<Rep, Period>& period, F&& callable) {
    return call_every(priority::normal, period, std::forward<F>(callable));
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
  ///
  /// Returns how many calls that has cancelled, those too whose time has not come; with join_workers::no a worker may
  /// be about to cancel one more. Where several threads do it at a time, each of the calls is counted by one of them.
  std::size_t shutdown(pending_jobs pending = pending_jobs::finish, join_workers join = join_workers::yes) {
    if (join == join_workers::yes && pool_.runs_this_thread()) {
      throw invalid_state_error(
          "a task cannot wait for the end of the pool that runs it: call shutdown() with join_workers::no, or outside "
          "it");
    }
    stop();
    if (pending == pending_jobs::cancel) pool_.cancel_queued();
    if (join == join_workers::yes) end();
    return pool_.take_cancelled();
  }

  /// Waits until no call of this pool is queued or runs, or until the timeout is over; whether that is so. Others may
  /// submit meanwhile, and go on afterwards. Calls whose time has not come do not count, nor parallel loops of outside
  /// threads. For tests and clean points in a program: who waits for calls of its own waits for their futures. Looks
  /// again after 50 us, and then ever more seldom, up to once in 1.6 ms. Throws invalid_state_error in a call of this
  /// pool, and in an event loop, unless it only looks.
  bool wait_idle(sync::timeout timeout = {}) const {
    if (pool_.runs_this_thread()) {
      throw invalid_state_error(
          "a call of this pool waits until none of its calls runs, which is never: call wait_idle() "
          "outside of it");
    }
    const sync::deadline until = timeout.deadline();
    if (would_block_event_loop() && until != sync::no_wait) {
      throw invalid_state_error(
          "wait_idle() would block the event loop that runs in this thread: `co_await` the futures of the calls, or "
          "call it outside of the loop");
    }
    if (until != sync::no_wait) sync::put_off::run_all();
    const sync::blocking_scope blocked(nullptr);
    for (unsigned nap = 50; pool_.is_of_this_process() && !pool_.was_idle(); nap = nap < 1000 ? 2 * nap : nap) {
      if (std::chrono::steady_clock::now() >= until) return false;
      base::nap(nap);
    }
    return true;
  }

  [[nodiscard]] std::size_t max_workers() const noexcept { return pool_.size(); }

  /// From now on so many calls run at a time: 1 to most_workers. Returns at once; calls that run go on, and threads
  /// that are too many sleep when theirs have ended. Threads that there were not at the start call the initializer; if
  /// one cannot be started, the pool works with those that it has (stats()). A pool that was made with one worker goes
  /// on to begin calls in their order, several at a time. Any thread. Throws std::invalid_argument if the number is out
  /// of its range.
  void resize(std::size_t max_workers) {
    thread_pool_options::check_max_workers(max_workers, "the system tells how many CPUs there are");
    pool_.resize(max_workers);
  }

  /// Lends the calling thread to this pool: it runs calls as one worker more, until stop is requested or the pool is
  /// shut down and has no more to begin. The call that it is in is finished first. Throws what the initializer throws,
  /// which is called first as in each thread of the pool, and the finalizer last; broken_thread_pool after an
  /// initializer of the pool's own threads threw; executor_start_error if too many threads are lent; once the pool has
  /// ended executor_shutdown_error; and invalid_state_error in a call of this pool, and in an event loop.
  ///
  ///     heddle::stop_source until;
  ///     pool.run_on_this_thread(until.get_token());  // the main thread, which has nothing else to do
  void run_on_this_thread(stop_token stop = {}) {
    throw_if_not_lendable();
    scheduling::worker* const lent = pool_.try_take_loan();
    if (lent == nullptr) throw_no_loan();
    scheduling::pool::loan loan(pool_, *lent);
    if (initializer_) initializer_();
    {
      const stop_callback call_off(std::move(stop), [&loan]() noexcept { loan.call_off(); });
      loan.work();
    }
    if (finalizer_) finalize();
  }

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
                                       .max_stand_ins = options.stand_ins(),
                                       .max_extra = most_workers - options.max_workers};
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

  /// Nothing is accepted from now on, and no time comes any more.
  void stop() noexcept {
    stopped_.store(true, base::relaxed);  // relaxed: the queues decide, this spares a wait
    timers_.thread.stop(pool_.as_cancelled());
    pool_.close();
    limit_.end_waits();
  }

  /// After stop(): waits for all that is left, if that is in this process. What runs meanwhile has its time limits, and
  /// what they call may still use the pool.
  void end() noexcept {
    pool_.join();
    timers_.end();
    limits_.end();
  }

  void throw_if_not_lendable() {
    throw_if_broken();
    if (pool_.runs_this_thread()) {
      throw invalid_state_error("the thread of this call works for this pool already: lend it another one");
    }
    if (would_block_event_loop()) {
      throw invalid_state_error(
          "run_on_this_thread() would block the event loop that runs in this thread: lend the pool another one");
    }
  }

  [[noreturn]] void throw_no_loan() const {
    if (is_stopped()) throw executor_shutdown_error();
    throw executor_start_error(std::make_error_code(std::errc::resource_unavailable_try_again),
                               "too many threads are lent to this pool, which keeps records of as many as " +
                                   std::to_string(most_workers) + " workers; lend fewer");
  }

  // ---- submitting

  static constexpr queue::lane lane_of(priority level) noexcept {
    using enum queue::lane;
    return level == priority::high ? high : level == priority::normal ? normal : background;
  }

  template <class F, class... Args>
  auto submit_at(priority level, F&& callable, Args&&... args) {
    static_assert(completion::storable<F, Args...>);
    if (decorates_calls()) [[unlikely]]
      return submit_decorated(level, std::forward<F>(callable), std::forward<Args>(args)...);
    return submit_plain(level, std::forward<F>(callable), std::forward<Args>(args)...);
  }

  template <class F, class... Args>
  auto submit_plain(priority level, F&& callable, Args&&... args) {
    auto* const task = make_task(std::forward<F>(callable), std::forward<Args>(args)...);
    auto result = future_access::adopt(task);
    push(*task, lane_of(level));
    return result;
  }

  template <class F, class... Args>
  auto submit_at_time(priority level, sync::deadline when, F&& callable, Args&&... args) {
    return call_at(timers_, pool_launcher(pool_, lane_of(level)), when, std::forward<F>(callable),
                   std::forward<Args>(args)...);
  }

  template <class Launch, class F, class... Args>
  auto call_at(reachable_timers& by, const Launch& launch, sync::deadline when, F&& callable, Args&&... args) {
    using call = delayed_call<Launch, std::decay_t<F>, std::decay_t<Args>...>;
    throw_if_broken();
    auto* const delayed = new call(by.make_ticket(), launch, std::forward<F>(callable), std::forward<Args>(args)...);
    auto result = future_access::adopt(delayed);
    if (!delayed->start(by.thread, when)) throw executor_shutdown_error();
    return result;
  }

  template <class Rep, class Period, class F>
  future<void> call_every(priority level, const std::chrono::duration<Rep, Period>& period, F&& callable) {
    using clock = std::chrono::steady_clock;
    static_assert(std::is_constructible_v<std::decay_t<F>, F>, "every() keeps the callable: write std::move(f)");
    if (!(period > period.zero())) {
      throw std::invalid_argument("the period of every() must be positive: with none it would call all the time");
    }
    using call = periodic_call<pool_launcher, std::decay_t<F>>;
    const sync::deadline first = sync::deadline_after(period);
    const clock::duration length =
        first == sync::no_deadline ? (clock::duration::max)() : std::chrono::ceil<clock::duration>(period);
    throw_if_broken();
    auto* const periodic =
        new call(timers_.make_ticket(), pool_launcher(pool_, lane_of(level)), first, length, std::forward<F>(callable));
    future<void> result = future_access::adopt<void>(periodic);
    if (!periodic->start(timers_.thread)) throw executor_shutdown_error();
    return result;
  }

  /// Throws what submit() would throw of a pool that is broken, or was left behind.
  void throw_if_broken() const {
    pool_.rethrow_if_broken();
    if (!pool_.is_of_this_process()) throw_left_behind();
  }

  template <class F>
  void post_at(priority level, F&& callable) {
    if (on_unhandled_ || decorates_calls()) [[unlikely]]
      return post_decorated(level, std::forward<F>(callable));
    push(*new queue::detached_job<std::decay_t<F>>(std::forward<F>(callable)), lane_of(level));
  }

  // ---- calls that carry more than themselves

  /// Whether calls are counted, or those of this thread have a context.
  [[nodiscard]] bool decorates_calls() const noexcept {
    return limit_.is_set() || !base::task_context::is_empty_here();
  }

  template <class F, class... Args>
  [[gnu::noinline]] auto submit_decorated(priority level, F&& callable, Args&&... args) {
    using call = decorated_call<std::decay_t<F>>;
    if (auto place = take_place()) {
      return submit_plain(level, call(std::forward<F>(callable), std::move(*place)), std::forward<Args>(args)...);
    }
    return run_call_here(std::forward<F>(callable), std::forward<Args>(args)...);
  }

  template <class F>
  [[gnu::noinline]] void post_decorated(priority level, F&& callable) {
    using handled = handled_call<std::decay_t<F>>;
    using call = decorated_call<handled>;
    handled inner(std::forward<F>(callable), on_unhandled_ ? &on_unhandled_ : nullptr);
    if (auto place = take_place()) {
      push(*new queue::detached_job<call>(call(std::move(inner), std::move(*place))), lane_of(level));
    } else {
      [&inner]() noexcept { std::move(inner)(); }();
    }
  }

  /// See pending_limit::admit().
  [[nodiscard]] std::optional<pending_place> take_place() {
    return limit_.admit(
        pool_.worker_of_this_thread() != nullptr, [this] { return is_stopped(); }, [this] { throw_if_closed(); });
  }

  void throw_if_closed() {
    throw_if_broken();
    if (is_stopped()) throw executor_shutdown_error();
  }
  [[nodiscard]] bool is_stopped() const noexcept { return stopped_.load(base::relaxed); }  // relaxed: orders nothing

  // ---- many at once

  template <class F, class... Rs>
  auto submit_bulk_at(priority level, F&& callable, Rs&... ranges) {
    static_assert(is_mappable<F, Rs...>());
    using Callable = std::decay_t<F>;
    const base::shared_value<const Callable> shared(std::in_place, std::forward<F>(callable));
    if (decorates_calls()) [[unlikely]] {
      return submit_one_by_one(
          shared, [&](auto&& call) { return submit_decorated(level, std::forward<decltype(call)>(call)); }, ranges...);
    }
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
    if (on_unhandled_ || decorates_calls()) [[unlikely]] {
      return make_calls(
          shared, [&](auto&& call) { post_decorated(level, std::forward<decltype(call)>(call)); }, ranges...);
    }
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

  base::unique_function<void()> initializer_;
  base::unique_function<void()> finalizer_;
  base::unique_function<void(const std::exception_ptr&)> on_unhandled_;
  std::string thread_name_prefix_;
  pending_limit limit_;
  base::atomic<bool> stopped_{false};
  reachable_timers timers_;
  reachable_timers limits_;  // of calls, of other executors too, and what depends on those runs in its thread
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
      throw_left_behind();
    return executor.pool_.members();
  }

  /// Done at that time, whatever the workers do; cancelled if the last call of the pool has ended before. Throws as
  /// submit_after().
  [[nodiscard]] static future<void> time_of(thread_pool_executor& executor, sync::deadline when) {
    executor.throw_if_closed();
    return executor.call_at(executor.limits_, timer_launcher(), when, [] {});
  }

  /// Why the pool did not take what it was given.
  [[noreturn]] static void throw_refusal(const thread_pool_executor& executor, scheduling::pool::admission why) {
    executor.throw_refusal(why);
  }

  [[nodiscard]] static bool is_of_this_process(const thread_pool_executor& executor) noexcept {
    return executor.pool_.is_of_this_process();
  }
};

template <>
class launcher<thread_pool_executor> : public pool_launcher {
 public:
  explicit launcher(thread_pool_executor& on) noexcept
      : pool_launcher(thread_pool_access::pool_of(on), queue::lane::normal) {}
};

template <>
class launcher<prioritized<thread_pool_executor>> : public pool_launcher {
 public:
  explicit launcher(const prioritized<thread_pool_executor>& on) noexcept
      : pool_launcher(thread_pool_access::pool_of(on.pool()), thread_pool_access::lane_of(on.level())) {}
};

/// The slow half of default_executor(), once in a process: not inline, or it would be part of everything that has a
/// default.
[[gnu::noinline]] inline thread_pool_executor& make_default_executor(base::atomic<thread_pool_executor*>& kept,
                                                                     thread_pool_executor* outdated) {
  auto* const made = new thread_pool_executor({.max_stand_ins = thread_pool_options::usual_stand_ins});
  base::pin_this_module();
  // [default_executor.1] release: the pool. acquire: the one of a thread that was faster.
  if (kept.compare_exchange_strong(outdated, made, base::acq_rel, base::acquire)) return *made;
  delete made;
  return *outdated;
}

/// The pool that is used where none is named: created on first use with one thread per available CPU, and anew in a
/// child process that forked. Its workers are replaced while they block, also where there is one CPU and one worker, so
/// that a program which works on many CPUs works there. It is never destroyed, so that it works at any time, also while
/// the program ends; work it still has then is abandoned.
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
