// SPDX-License-Identifier: MIT
// A thread that runs jobs at their times.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>

#include <heddle/base/atomic.hpp>
#include <heddle/base/fork_count.hpp>
#include <heddle/queue/job.hpp>
#include <heddle/queue/timer_heap.hpp>
#include <heddle/scheduling/thread.hpp>
#include <heddle/sync/deadline.hpp>
#include <heddle/sync/park.hpp>

namespace heddle::scheduling {

/// Started with the first job, and asleep until the next one is due. The jobs run in it, so they should only pass on to
/// others what is due. Any thread, but for the destructor. In the child of a fork(), where the thread is not, and
/// somebody who is not there either may hold the lock, nothing is added or removed.
///
/// All is written under `mutex_`. `changes_` grows when the thread has to look again.
class timer_thread {
 public:
  timer_thread() noexcept = default;
  timer_thread(const timer_thread&) = delete;
  timer_thread& operator=(const timer_thread&) = delete;
  ~timer_thread() {
    if (!is_of_this_process()) return;
    stop();
    join();
  }

  /// Runs `due` at `when`, and refuses it if stop() comes before; false, and neither, if that was called. `added` stays
  /// where it is meanwhile. Throws std::bad_alloc, and std::system_error if the thread cannot be started.
  [[nodiscard]] bool add(queue::timer& added, sync::deadline when, queue::job& due) {
    return add_if([] { return true; }, added, when, due);
  }

  /// The same if `is_wanted()`, which is asked where nobody can remove() anything.
  template <class IsWanted>
  [[nodiscard]] bool add_if(const IsWanted& is_wanted, queue::timer& added, sync::deadline when, queue::job& due) {
    if (!is_of_this_process()) return false;
    const std::lock_guard lock(mutex_);
    if (stopped_ || !is_wanted()) return false;
    if (!thread_.has_value()) thread_.emplace(&run, this);
    const bool is_first = when < timers_.next();
    timers_.add(added, when, due);
    if (is_first) wake();
    return true;
  }

  /// False if its job runs or has run, or was refused.
  [[nodiscard]] bool remove(queue::timer& removed) noexcept {
    if (!is_of_this_process()) return false;
    const std::lock_guard lock(mutex_);
    if (!removed.waits()) return false;
    timers_.remove(removed);
    return true;
  }

  /// Refuses all jobs that wait, as cancelled. Nothing is added from now on.
  void stop(const queue::refusal& cancelled = {}) noexcept {
    if (!is_of_this_process()) return;
    for (;;) {
      queue::job* refused = nullptr;
      {
        const std::lock_guard lock(mutex_);
        if (!stopped_) refusal_ = cancelled;
        stopped_ = true;
        refused = timers_.try_pop_due(sync::no_deadline);
        if (refused == nullptr) return wake();
      }
      refused->refuse(cancelled);
    }
  }

  /// After add_if() was false: as what stop() would have refused the job, if it was called.
  [[nodiscard]] queue::refusal refusal() noexcept {
    const std::lock_guard lock(mutex_);
    return refusal_;
  }

  /// Whether the calling thread is this one.
  [[nodiscard]] bool runs_this_thread() const noexcept { return current::get() == this; }

  /// After stop(): waits for the thread, which is not the calling one; not where another thread does so already.
  void join() noexcept {
    if (!is_of_this_process()) return;
    std::unique_lock lock(mutex_);
    std::optional<thread> ended = std::exchange(thread_, std::nullopt);
    lock.unlock();
    if (ended.has_value()) ended->join();
  }

 private:
  using current = base::per_thread_pointer<const timer_thread, timer_thread>;

  [[nodiscard]] bool is_of_this_process() const noexcept { return made_in_ == base::fork_count(); }

  static void* run(void* self) {
    current::set(static_cast<timer_thread*>(self));
    static_cast<timer_thread*>(self)->loop();
    return nullptr;
  }

  void loop() noexcept {
    std::unique_lock lock(mutex_);
    while (!stopped_) {
      if (queue::job* const due = timers_.try_pop_due(std::chrono::steady_clock::now())) {
        lock.unlock();
        due->run();
        lock.lock();
        continue;
      }
      const std::uint32_t seen = changes_.load(base::relaxed);  // relaxed: written under the mutex
      const sync::deadline next = timers_.next();
      lock.unlock();
      sync::park_until(changes_, seen, next);
      lock.lock();
    }
  }

  void wake() noexcept {
    changes_.fetch_add(1, base::relaxed);  // relaxed: the mutex orders
    sync::unpark_all(&changes_);
  }

  std::mutex mutex_;
  queue::timer_heap timers_;
  std::optional<thread> thread_;
  bool stopped_ = false;
  queue::refusal refusal_;
  const std::uint32_t made_in_ = base::fork_count();
  sync::parking_word changes_{0};
};

}  // namespace heddle::scheduling
