// SPDX-License-Identifier: MIT
// In place of heddle/scheduling/pool.hpp: what a group needs of its pool. The first threads of the model are its
// workers, and what they do besides waiting for groups is up to the model.
#pragma once

#include <cstddef>
#include <mutex>
#include <new>

#include <heddle/base/atomic.hpp>
#include <heddle/base/spin_lock.hpp>
#include <heddle/queue/job.hpp>
#include <heddle/queue/job_home.hpp>
#include <heddle/queue/lane.hpp>
#include <heddle/scheduling/crew.hpp>
#include <heddle/scheduling/worker.hpp>

#include "model/relacy.hpp"

namespace heddle::scheduling {

/// In place of heddle/scheduling/job_queues.hpp.
struct job_queues {
  [[nodiscard]] bool takes_own(const worker* here, queue::lane to) const noexcept {
    return here != nullptr && to == queue::lane::normal;
  }
  void push_own(worker& here, queue::job& added) { here.jobs.push(added); }
};

class pool final : public queue::job_home {
 public:
  enum class admission { accepted, closed, broken, left_behind };

  explicit pool(std::size_t workers) : crew_(this, workers, 0, 0) {}

  [[nodiscard]] worker* worker_of_this_thread() noexcept {
    const auto index = static_cast<std::size_t>(rl::thread_index());
    return index < crew_.size() ? &crew_.worker_at(index) : nullptr;
  }
  [[nodiscard]] crew& members() noexcept { return crew_; }
  [[nodiscard]] job_queues& queues() noexcept { return queues_; }

  [[nodiscard]] admission try_push_common(queue::job& added, queue::lane) {
    if (has_no_memory) throw std::bad_alloc();
    if (is_closed) return admission::closed;
    const std::lock_guard held(lock_);
    queued_[queued_end_++] = &added;
    return admission::accepted;
  }

  /// What a worker does next: its own newest job, or the oldest one from outside, or another worker's oldest; or null.
  [[nodiscard]] queue::job* try_take(worker& self) noexcept {
    queue::job* found = self.jobs.try_pop();
    if (found == nullptr) found = try_take_common(self);
    if (found != nullptr) return found;
    crew_.rob_worker(self, [&found](worker& other) {
      found = other.jobs.empty_hint() ? nullptr : other.jobs.try_steal().element;
      return found != nullptr;
    });
    return found;
  }

  // What try_push_common() does; written before the threads run.
  bool is_closed = false;
  bool has_no_memory = false;

 private:
  /// The oldest; the next one comes into the worker's deque.
  queue::job* try_take_common(worker& self) noexcept {
    const std::lock_guard held(lock_);
    if (queued_begin_ == queued_end_) return nullptr;
    queue::job* const taken = queued_[queued_begin_++];
    if (queued_begin_ != queued_end_) self.jobs.push(*queued_[queued_begin_++].read());
    return taken;
  }

  crew crew_;
  job_queues queues_;
  base::spin_lock lock_;
  base::plain<queue::job*> queued_[4];
  base::plain<std::size_t> queued_begin_ = 0;
  base::plain<std::size_t> queued_end_ = 0;
};

}  // namespace heddle::scheduling
