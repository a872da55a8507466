// SPDX-License-Identifier: MIT
// A job that belongs to a group, and who runs it when it lies in a queue and in the group's list at the same time.
#pragma once

#include <cstdint>

#include <heddle/base/atomic.hpp>
#include <heddle/queue/job.hpp>

namespace heddle::scheduling {

class job_group;

/// A job of the group that is its home. In the deque of the worker that made it, it is like any other job. One that
/// goes through the pool's common queue is also in its group's list, so that who waits for the group may take it from
/// there while others' jobs are ahead of it in the queue.
///
/// `shares_`, of a listed job: whoever sets `claimed` first runs it. Who took it out of the queue sets `dequeued`, and
/// who ran it from the list sets `finished`; the later of the two frees it. A job claimed from the list stays in the
/// queue as a tombstone, which refers to nothing but itself.
class group_job : public queue::job {
 public:
  group_job(code its_code, job_group& group) noexcept;

  [[nodiscard]] job_group& group() const noexcept;

  // Both leave it to the caller to count that the job has ended: run() of a job that is not listed, and run() of one
  // that try_claim() gave to the caller.
  void run_unlisted() noexcept { ask(run_unlisted_request); }
  void run_claimed() noexcept { ask(run_claimed_request); }

  [[nodiscard]] bool is_listed() const noexcept { return is_listed_; }

  /// Relaxed: once set, it stays.
  [[nodiscard]] bool is_claimed() const noexcept { return (shares_.load(base::relaxed) & claimed_bit) != 0; }

  /// True if the listed job is the caller's from now on, to run or to drop.
  [[nodiscard]] bool try_claim() noexcept {
    // relaxed: the group's lock, under which it was listed, orders what its producer wrote.
    return (shares_.fetch_or(claimed_bit, base::relaxed) & claimed_bit) == 0;
  }

 protected:
  static constexpr unsigned run_unlisted_request = first_own_request;
  static constexpr unsigned run_claimed_request = first_own_request + 1;

  ~group_job() = default;

  enum class dequeued : std::uint8_t { mine, tombstone, tombstone_to_free };

  /// The queue lets go of a listed job.
  [[nodiscard]] dequeued leave_queue() noexcept {
    // [group_job.1] acq_rel: what the other one did with the job comes before it is freed.
    const std::uint8_t before = shares_.fetch_or(claimed_bit | dequeued_bit, base::acq_rel);
    if ((before & claimed_bit) == 0) return dequeued::mine;
    return (before & finished_bit) != 0 ? dequeued::tombstone_to_free : dequeued::tombstone;
  }

  /// Who ran it from the list lets go of it. True if it is the caller's to free.
  [[nodiscard]] bool finish_claimed() noexcept {
    // [group_job.1] acq_rel: as in leave_queue().
    return (shares_.fetch_or(finished_bit, base::acq_rel) & dequeued_bit) != 0;
  }

 private:
  friend class group_list;

  static constexpr std::uint8_t claimed_bit = 1;
  static constexpr std::uint8_t dequeued_bit = 2;
  static constexpr std::uint8_t finished_bit = 4;

  // The list's, under its lock; the other link is `next`.
  group_job* previous_ = nullptr;
  base::atomic<std::uint8_t> shares_{0};
  bool is_listed_ = false;  // written before anybody else sees the job
};

/// The jobs of a group that are in its pool's common queue, oldest first.
class group_list {
 public:
  /// The caller holds the group's lock for all but empty_hint().
  void push(group_job& added) noexcept {
    added.is_listed_ = true;
    added.previous_ = last_;
    if (last_ == nullptr) {
      first_.store(&added, base::relaxed);  // relaxed: the lock orders it
    } else {
      last_->next = &added;
    }
    last_ = &added;
  }

  void remove(group_job& removed) noexcept {
    auto* const after = static_cast<group_job*>(removed.next);
    if (removed.previous_ == nullptr) {
      first_.store(after, base::relaxed);  // relaxed: the lock orders it
    } else {
      removed.previous_->next = after;
    }
    (after == nullptr ? last_ : after->previous_) = removed.previous_;
  }

  /// The oldest job that nobody runs, taken out of the list; or null. Those who claimed others are about to remove
  /// them.
  [[nodiscard]] group_job* try_claim() noexcept {
    // relaxed: the lock orders it.
    for (auto* each = first_.load(base::relaxed); each != nullptr; each = static_cast<group_job*>(each->next)) {
      if (!each->try_claim()) continue;
      remove(*each);
      return each;
    }
    return nullptr;
  }

  /// May be stale. Relaxed: a hint.
  [[nodiscard]] bool empty_hint() const noexcept { return first_.load(base::relaxed) == nullptr; }

 private:
  base::atomic<group_job*> first_{nullptr};
  group_job* last_ = nullptr;
};

}  // namespace heddle::scheduling
