// SPDX-License-Identifier: MIT
// Where jobs enter a pool from any thread: first in, first out, until it is closed.
#pragma once

#include <cstddef>
#include <mutex>

#include <heddle/base/atomic.hpp>
#include <heddle/queue/job.hpp>
#include <heddle/queue/job_list.hpp>

namespace heddle::queue {

/// Any thread may push and pop. `mutex_` guards the list and the closing, so that a push either precedes the closing
/// (and its job is popped by somebody) or fails; `size_` is written under the mutex and read outside it as a hint.
class injection_queue {
 public:
  /// False, and the job is left alone, once the queue is closed.
  [[nodiscard]] bool try_push(job& added) noexcept {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    jobs_.push(added);
    size_.store(size_.load(base::relaxed) + 1, base::relaxed);  // relaxed: a hint; the mutex orders the list
    return true;
  }

  /// The oldest job, or null when there is none now.
  [[nodiscard]] job* try_pop() noexcept {
    if (empty_hint()) return nullptr;
    const std::lock_guard lock(mutex_);
    job* const popped = jobs_.try_pop();
    if (popped != nullptr) size_.store(size_.load(base::relaxed) - 1, base::relaxed);  // relaxed: as in try_push()
    return popped;
  }

  /// No job is accepted from now on; those inside stay.
  void close() noexcept {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }

  /// True when the queue is closed and its last job was popped: it stays so.
  [[nodiscard]] bool finished() noexcept {
    const std::lock_guard lock(mutex_);
    return closed_ && jobs_.empty();
  }

  /// May be stale. Relaxed: who must not miss a job looks again after event_count::prepare_wait().
  [[nodiscard]] bool empty_hint() const noexcept { return size_.load(base::relaxed) == 0; }

 private:
  std::mutex mutex_;
  job_list jobs_;
  bool closed_ = false;
  base::atomic<std::size_t> size_{0};
};

}  // namespace heddle::queue
