// SPDX-License-Identifier: MIT
// Threads that run jobs, help each other and their guests with fork-join work, and sleep while there is none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <utility>
#include <vector>

#include <heddle/base/atomic.hpp>
#include <heddle/base/cpu.hpp>
#include <heddle/base/unique_function.hpp>
#include <heddle/queue/injection_queue.hpp>
#include <heddle/queue/job.hpp>
#include <heddle/queue/lane.hpp>
#include <heddle/queue/task_stack.hpp>
#include <heddle/scheduling/crew.hpp>
#include <heddle/scheduling/join.hpp>
#include <heddle/scheduling/participant.hpp>
#include <heddle/scheduling/thread.hpp>
#include <heddle/scheduling/worker.hpp>
#include <heddle/sync/patience.hpp>
#include <heddle/sync/this_thread.hpp>

namespace heddle::scheduling {

/// A fixed number of workers, started by the constructor and joined by join(). It runs jobs and knows no futures.
///
/// Who writes what: anybody pushes into `jobs_`; close() and a worker whose start failed close it. A closed pool runs
/// what is queued; a broken one refuses it, with the error that broke it. `failure_` is written once, before `state_`
/// says broken.
class pool {
 public:
  enum class admission { accepted, closed, broken };

  /// Called by each worker with its index before its first job; if one throws, the pool breaks with that exception.
  using start_hook = base::unique_function<void(std::size_t)>;

  /// `owner` is what façades find by owner_of_this_thread(). Throws std::system_error if a thread cannot be started,
  /// after those that were started have ended.
  pool(std::size_t workers, start_hook on_start, void* owner)
      : crew_(workers, stack_slots), on_start_(std::move(on_start)), owner_(owner) {
    threads_.reserve(workers);
    try {
      while (threads_.size() < workers) threads_.emplace_back(&run_worker, this);
    } catch (...) {
      close();
      join();
      throw;
    }
  }

  pool(const pool&) = delete;
  pool& operator=(const pool&) = delete;
  ~pool() { join(); }

  /// Queues the job, or leaves it alone and says why not, or throws std::bad_alloc. Any thread; never blocks for long.
  [[nodiscard]] admission try_push(queue::job& added) {
    if (!jobs_.try_push(added)) return is_broken() ? admission::broken : admission::closed;
    crew_.call_worker();
    return admission::accepted;
  }

  /// No job is accepted from now on; workers end when the queue is empty. Any thread, any number of times.
  void close() noexcept {
    jobs_.close();
    crew_.call_all_to_end();
  }

  /// Ends every queued job without running it.
  void refuse_queued(const queue::refusal& why) noexcept {
    queue::consumer_turns turns;
    queue::job* refused = nullptr;
    while (jobs_.try_pop({&refused, 1}, turns) != 0) refused->refuse(why);
  }

  /// Waits for the workers to end, after close(). Any thread that is no worker of this pool, any number of times.
  void join() noexcept {
    const std::lock_guard lock(joining_);
    for (thread& joined : threads_) joined.join();
    threads_.clear();
  }

  /// Those who fork and steal.
  [[nodiscard]] crew& members() noexcept { return crew_; }

  [[nodiscard]] std::size_t size() const noexcept { return crew_.size(); }

  /// Throws what broke the pool, if it is broken.
  void rethrow_if_broken() const {
    if (is_broken()) [[unlikely]] std::rethrow_exception(failure_);
  }

  /// True if the calling thread is a worker of this pool.
  [[nodiscard]] bool runs_this_thread() const noexcept { return current_pool::get() == this; }

  /// The owner of the pool whose worker calls, or null.
  [[nodiscard]] static void* owner_of_this_thread() noexcept {
    const pool* const here = current_pool::get();
    return here == nullptr ? nullptr : here->owner_;
  }

 private:
  static constexpr std::size_t stack_slots = 1 << 17;

  using current_pool = base::per_thread_pointer<const pool, pool>;

  /// Tells whoever blocks in a job that this pool's queued jobs may be claimed.
  struct worker_context final : sync::thread_context {
    using thread_context::thread_context;
    void about_to_block(const queue::job*) noexcept override {}
    void resumed() noexcept override {}
  };

  static void* run_worker(void* argument) {
    auto& home = *static_cast<pool*>(argument);
    worker_context context(&home);
    const sync::scoped_context installed(context);
    const std::size_t index = home.started_.fetch_add(1, base::relaxed);  // relaxed: a number for each, in any order
    worker& self = home.crew_.worker_at(index);
    participant::current::set(&self);
    current_pool::set(&home);
    try {
      home.on_start_(index);
    } catch (...) {
      home.break_with(std::current_exception());
    }
    home.work(self);
    current_pool::set(nullptr);
    participant::current::set(nullptr);
    return nullptr;
  }

  /// One for a few workers, so that the jobs of all threads are first in, first out.
  static constexpr std::size_t shards_for(std::size_t workers) noexcept { return workers <= 4 ? 1 : workers / 4; }

  /// What a worker found to do: a job, or a task on somebody's stack.
  struct finding {
    queue::job* job = nullptr;
    participant* owner = nullptr;
    queue::stack_slot* task = nullptr;

    [[nodiscard]] bool is_something() const noexcept { return job != nullptr || task != nullptr; }
  };

  void work(worker& self) noexcept {
    bool searching = false;
    sync::patience patience;
    for (;;) {
      if (const finding found = look(self); found.is_something()) {
        if (std::exchange(searching, false) && crew_.idle().end_search() && has_backlog()) crew_.call_worker();
        run(self, found);
        patience.reset();
      } else if (jobs_.finished()) {
        break;
      } else if (patience.is_over() || !(searching || (searching = crew_.idle().try_begin_search(1)))) {
        searching = park(self, searching);
        patience.reset();
      } else {
        ask_around(self, patience);
        patience.pause();
      }
    }
    crew_.leave_loops(self);
    if (searching) static_cast<void>(crew_.idle().end_search());
  }

  finding look(worker& self) noexcept {
    finding found;
    if (jobs_.try_pop({&found.job, 1}, self.turns) != 0 || !crew_.may_help_loops(self)) return found;
    crew_.rob_somebody(self, [&found](participant& other) {
      found.task = other.stack.try_steal();
      found.owner = &other;
      return found.task != nullptr;
    });
    return found;
  }

  void run(worker& self, const finding& found) noexcept {
    if (found.task != nullptr) return run_stolen(self, *found.owner, *found.task);
    crew_.leave_loops(self);
    if (is_broken()) {
      found.job->refuse({failure_});
    } else {
      found.job->run();
    }
  }

  /// Begs of those who have something, and takes it from those who do not answer.
  void ask_around(worker& self, const sync::patience& patience) noexcept {
    if (!crew_.may_help_loops(self)) return;
    crew_.rob_somebody(self, [&patience](participant& other) {
      if (!other.stack.has_private()) return false;
      other.stack.beg();
      return patience.is_worn() && other.stack.expose();
    });
  }

  /// Sleeps until it is called. True if it searches from then on.
  bool park(worker& self, bool searching) noexcept {
    crew_.leave_loops(self);
    self.prepare_to_park();
    crew_.idle().park(self.number, self.link, searching);
    if (jobs_.finished()) {
      crew_.call_all_to_end();
    } else if (crew_.beg_of_everybody(self) || has_backlog()) {
      crew_.call_worker();
    }
    return self.sleep_until_recalled();
  }

  /// Whether there is something to do that nobody has begun.
  bool has_backlog() noexcept {
    if (jobs_.has_jobs()) return true;
    return crew_.each_of_all([](const participant& other) { return other.stack.has_public(); });
  }

  void break_with(std::exception_ptr error) noexcept {
    if (claimed_failure_.exchange(true, base::relaxed)) {  // relaxed: the first one to fail writes failure_
      // This worker must not go on to take a job as if it had started.
      while (!is_broken()) base::pause();
      return;
    }
    failure_ = std::move(error);
    // [pool.1] release: who sees the pool broken reads failure_.
    broken_.store(true, base::release);
    close();
  }

  // [pool.1] acquire: see break_with().
  [[nodiscard]] bool is_broken() const noexcept { return broken_.load(base::acquire); }

  crew crew_;
  start_hook on_start_;
  void* const owner_;
  base::atomic<std::size_t> started_{0};
  queue::injection_queue jobs_{shards_for(crew_.size()), crew_.size()};
  std::exception_ptr failure_;
  base::atomic<bool> claimed_failure_{false};
  base::atomic<bool> broken_{false};
  std::mutex joining_;  // guards threads_ once the constructor is done
  std::vector<thread> threads_;
};

}  // namespace heddle::scheduling
