// SPDX-License-Identifier: MIT
// Calls that run at the same time and are awaited together.
#pragma once

#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include <heddle/base/block_cache.hpp>
#include <heddle/base/report.hpp>
#include <heddle/base/runs_when_called.hpp>
#include <heddle/completion/task.hpp>
#include <heddle/errors.hpp>
#include <heddle/launcher.hpp>
#include <heddle/priority.hpp>
#include <heddle/scheduling/group_job.hpp>
#include <heddle/scheduling/job_group.hpp>
#include <heddle/sync/this_thread.hpp>
#include <heddle/thread_pool_executor.hpp>

namespace heddle {

/// A call of a task_group, in a block of 64 bytes with its callable, or with a pointer to it if that is too large.
template <class Callable>
class group_call final : public scheduling::group_job {
 public:
  template <class F>
  [[nodiscard]] static group_call* make(scheduling::job_group& group, F&& callable) {
    static_assert(sizeof(group_call) <= base::block_cache::block_size);
    void* const block = base::block_cache::allocate();
    try {
      return ::new (block) group_call(group, std::forward<F>(callable));
    } catch (...) {
      base::block_cache::deallocate(block);
      throw;
    }
  }

  /// Of a call that nobody knows.
  void destroy() noexcept {
    destroy_callable();
    free();
  }

 private:
  static constexpr std::size_t room = base::block_cache::block_size - sizeof(scheduling::group_job);
  static constexpr bool fits_inside = sizeof(Callable) <= room && alignof(Callable) <= alignof(scheduling::group_job);

  template <class F>
  group_call(scheduling::job_group& its_group, F&& callable) : group_job(&answer, its_group) {
    if constexpr (fits_inside) {
      ::new (static_cast<void*>(&kept_)) Callable(std::forward<F>(callable));
    } else {
      kept_ = new Callable(std::forward<F>(callable));
    }
  }
  ~group_call() {}  // the callable is gone by then

  static void answer(queue::job& self, unsigned request, const queue::refusal* why) noexcept {
    auto& asked = static_cast<group_call&>(self);
    switch (request) {
      case run_unlisted_request:
        asked.call();
        return asked.free();
      case run_claimed_request:
        return asked.run_from_list();
      case inquiry_request:
        if (asked.is_listed() && asked.is_claimed()) answer_inquiry(why);
        return;
      default:
        return asked.leave(why);
    }
  }

  /// The queue lets go of it: to be run, or refused.
  [[gnu::noinline]] void leave(const queue::refusal* why) noexcept {
    if (is_listed()) {
      const dequeued found = leave_queue();
      if (found == dequeued::tombstone_to_free) free();
      if (found != dequeued::mine) return;
      group().remove_from_list(*this);
    }
    scheduling::job_group& left = group();
    if (why == nullptr) {
      call();
    } else {
      why->note_end();
      left.fail(why->error != nullptr ? why->error : std::make_exception_ptr(cancelled_error()));
      destroy_callable();
    }
    free();
    left.end_one();
  }

  [[gnu::noinline]] void run_from_list() noexcept {
    call();
    if (finish_claimed()) free();
  }

  void call() noexcept {
    if (!group().is_cancelled()) {
      try {
        static_cast<void>(std::move(callable())());
      } catch (...) {
        group().fail(std::current_exception());
      }
    }
    destroy_callable();
  }

  void destroy_callable() noexcept {
    if constexpr (fits_inside) {
      callable().~Callable();
    } else {
      delete kept_;
    }
  }

  void free() noexcept {
    this->~group_call();
    base::block_cache::deallocate(this);
  }

  Callable& callable() noexcept {
    if constexpr (fits_inside) {
      return kept_;
    } else {
      return *kept_;
    }
  }

  union {  // a union, so that its destruction is ours to time
    std::conditional_t<fits_inside, Callable, Callable*> kept_;
  };
};

/// Calls that run on a pool at the same time. Source: the task_group of Intel's TBB; Python: asyncio.TaskGroup, for
/// threads.
///
///     heddle::task_group group;
///     for (const file& each : files) group.run([&each] { index(each); });
///     group.wait();
///
/// The group must be destroyed before its pool. Fewer than 2^31 calls may be unfinished at a time.
class task_group {
 public:
  /// On the pool whose worker calls, else on default_executor().
  task_group() : task_group(current_executor()) {}
  /// For worker processes: says what to write.
  template <remote_executor E>
  explicit task_group(E&) : task_group() {
    static_assert(!std::is_same_v<E, E>,
                  "the calls of a task_group share memory, and those in worker processes do not: submit() them there, "
                  "and wait for their futures");
  }
  explicit task_group(thread_pool_executor& pool) : pool_(pool), jobs_(thread_pool_access::pool_of(pool)) {}
  /// Its calls have that priority: `heddle::task_group group(pool.with(heddle::priority::high));`. Who waits is no less
  /// urgent for it: a worker that does runs them at once.
  explicit task_group(const prioritized<thread_pool_executor>& pool)
      : pool_(pool.pool()),
        jobs_(thread_pool_access::pool_of(pool.pool()), thread_pool_access::lane_of(pool.level())) {}
  task_group(const task_group&) = delete;
  task_group& operator=(const task_group&) = delete;

  /// Waits for all calls. An exception that no wait() has rethrown is reported on the standard error stream.
  ~task_group() {
    jobs_.wait();
    if (const std::exception_ptr error = jobs_.take_error()) {
      base::report_exception("a task_group was destroyed, and nobody waited for what one of its calls threw", error);
    }
  }

  /// Queues `callable()`. Never blocks, and never calls it here.
  ///
  /// Any thread may call it, several at a time, the group's own calls too. The callable is moved or copied in, and
  /// destroyed when it has been called; one of up to 24 bytes is kept without an allocation of its own. From a worker
  /// of the pool it goes into that worker's own queue, where the newest is first, so a tree of calls keeps as many
  /// waiting as it is high; from elsewhere it is first in, first out. Throws executor_shutdown_error after the pool's
  /// shutdown(), and broken_thread_pool after an initializer threw.
  template <class F>
    requires std::invocable<std::decay_t<F>>
  void run(F&& callable) {
    static_assert(completion::storable<F> && base::runs_when_called<std::invoke_result_t<std::decay_t<F>>>);
    auto* const call = group_call<std::decay_t<F>>::make(jobs_, std::forward<F>(callable));
    scheduling::pool::admission answer{};
    try {
      answer = jobs_.try_add(*call);
    } catch (...) {
      call->destroy();
      throw;
    }
    if (answer != scheduling::pool::admission::accepted) [[unlikely]]
      reject(*call, answer);
  }

  /// Returns when all calls have ended, those that calls have added too. Rethrows what the first call to fail threw;
  /// what others threw is dropped. A call that the pool refused to run, since it was shut down with
  /// pending_jobs::cancel or broke, has failed with cancelled_error or what broke the pool. Afterwards the group is as
  /// new.
  ///
  /// A worker of the pool runs calls of the group meanwhile, and no other work; another thread only sleeps. Any thread
  /// may wait, but a call of the group waits for itself. Throws invalid_state_error in a coroutine of an event loop,
  /// which it would block.
  void wait() {
    const sync::thread_context* const here = sync::current_context::get();
    if (here != nullptr && here->forbids_blocking()) {
      throw invalid_state_error(
          "waiting for this task_group would block the event loop that runs in this thread: wait in "
          "`asyncio::to_thread` instead");
    }
    jobs_.wait();
    jobs_.uncancel();
    if (std::exception_ptr error = jobs_.take_error()) std::rethrow_exception(std::move(error));
  }

  /// Calls that have not begun are dropped, until a wait() has returned. Those that run may ask is_cancelled(). Any
  /// thread.
  void cancel() noexcept { jobs_.cancel(); }
  [[nodiscard]] bool is_cancelled() const noexcept { return jobs_.is_cancelled(); }

 private:
  template <class Call>
  [[noreturn]] void reject(Call& rejected, scheduling::pool::admission why) {
    rejected.destroy();
    thread_pool_access::throw_refusal(pool_, why);
  }

  thread_pool_executor& pool_;
  scheduling::job_group jobs_;
};

}  // namespace heddle
