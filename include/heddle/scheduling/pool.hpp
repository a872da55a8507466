// SPDX-License-Identifier: MIT
// Threads that run jobs from one queue, and sleep while there are none.
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
#include <heddle/scheduling/thread.hpp>
#include <heddle/sync/event_count.hpp>
#include <heddle/sync/spin_wait.hpp>
#include <heddle/sync/this_thread.hpp>

namespace heddle::scheduling {

/// A fixed number of workers, started by the constructor and joined by join(). It runs jobs and knows no futures.
///
/// Who writes what: anybody pushes into `jobs_`; close() and a worker whose start failed close it. A closed pool runs
/// what is queued; a broken one refuses it, with the error that broke it. `failure_` is written once, before `state_`
/// says broken. Sleeping workers sleep in `idle_`; at most one awake worker without a job spins (`searching_`).
class pool {
 public:
  enum class admission { accepted, closed, broken };

  /// Called by each worker with its index before its first job; if one throws, the pool breaks with that exception.
  using start_hook = base::unique_function<void(std::size_t)>;

  /// `owner` is what façades find by owner_of_this_thread(). Throws std::system_error if a thread cannot be started,
  /// after those that were started have ended.
  pool(std::size_t workers, start_hook on_start, void* owner)
      : size_(workers), on_start_(std::move(on_start)), owner_(owner) {
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
    idle_.notify_one();
    return admission::accepted;
  }

  /// No job is accepted from now on; workers end when the queue is empty. Any thread, any number of times.
  void close() noexcept {
    jobs_.close();
    idle_.notify_all();
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

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// What broke the pool. Only after try_push() said broken.
  [[nodiscard]] const std::exception_ptr& failure() const noexcept { return failure_; }

  /// True if the calling thread is a worker of this pool.
  [[nodiscard]] bool runs_this_thread() const noexcept { return current_pool::get() == this; }

  /// The owner of the pool whose worker calls, or null.
  [[nodiscard]] static void* owner_of_this_thread() noexcept {
    const pool* const here = current_pool::get();
    return here == nullptr ? nullptr : here->owner_;
  }

 private:
  using current_pool = base::per_thread_pointer<const pool, pool>;

  /// Tells whoever blocks in a job that this pool's queued jobs may be claimed.
  struct worker final : sync::thread_context {
    using thread_context::thread_context;
    void about_to_block(const queue::job*) noexcept override {}
    void resumed() noexcept override {}
  };

  static void* run_worker(void* argument) {
    auto& home = *static_cast<pool*>(argument);
    worker self(&home);
    const sync::scoped_context installed(self);
    current_pool::set(&home);
    home.work(home.started_.fetch_add(1, base::relaxed));  // relaxed: a number for each, in any order
    current_pool::set(nullptr);
    return nullptr;
  }

  void work(std::size_t index) noexcept {
    try {
      on_start_(index);
    } catch (...) {
      break_with(std::current_exception());
    }
    queue::consumer_turns turns(static_cast<std::uint32_t>(index));
    while (queue::job* const next = next_job(turns)) {
      if (is_broken()) {
        next->refuse({failure_});
      } else {
        next->run();
      }
    }
  }

  /// The next job; null when the queue is closed and empty.
  queue::job* next_job(queue::consumer_turns& turns) noexcept {
    for (;;) {
      queue::job* next = nullptr;
      if (jobs_.try_pop({&next, 1}, turns) != 0) return next;
      if (search()) continue;
      const auto key = idle_.prepare_wait();
      if (jobs_.has_jobs() || jobs_.finished()) {
        idle_.cancel_wait();
        if (jobs_.finished()) return nullptr;
        continue;
      }
      idle_.wait(key);
    }
  }

  /// Spins for a job, if no other worker does already. True if there may be one.
  bool search() noexcept {
    if (searching_.exchange(true, base::relaxed)) return false;  // relaxed: a hint, jobs come through the queue
    const bool found = sync::spin_until([this] { return jobs_.has_jobs(); });
    searching_.store(false, base::relaxed);  // relaxed: as above
    return found;
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

  const std::size_t size_;
  start_hook on_start_;
  void* const owner_;
  base::atomic<std::size_t> started_{0};
  queue::injection_queue jobs_{1, size_};
  std::exception_ptr failure_;
  base::atomic<bool> claimed_failure_{false};
  base::atomic<bool> broken_{false};
  alignas(base::cache_line) sync::event_count idle_;
  alignas(base::cache_line) base::atomic<bool> searching_{false};
  std::mutex joining_;  // guards threads_ once the constructor is done
  std::vector<thread> threads_;
};

}  // namespace heddle::scheduling
