// SPDX-License-Identifier: MIT
// Where other threads leave jobs for one thread that takes them all at once.
#pragma once

#include <heddle/base/atomic.hpp>
#include <heddle/queue/job.hpp>
#include <heddle/queue/job_list.hpp>

namespace heddle::queue {

/// Any thread pushes, one thread takes. A stack that producers push onto with a CAS and the consumer takes whole with
/// an exchange, so no node is ever popped singly and the ABA problem does not arise (Treiber's stack, drained at once).
class mpsc_inbox {
 public:
  /// True if the inbox was empty: the consumer may be asleep and is to be woken.
  bool push(job& added) noexcept {
    job* newest = newest_.load(base::relaxed);  // relaxed: only compared with
    do {
      added.next = newest;
      // [mpsc_inbox.1] release: take_all() acquires the job and what its producer wrote before.
    } while (!newest_.compare_exchange_weak(newest, &added, base::release, base::relaxed));
    return newest == nullptr;
  }

  /// Everything pushed so far, oldest first. The consumer only.
  [[nodiscard]] job_list take_all() noexcept {
    job_list taken;
    if (empty()) return taken;
    // [mpsc_inbox.1] acquire: see push(); earlier pushes are in the same release sequence.
    job* newest = newest_.exchange(nullptr, base::acquire);
    job* oldest = nullptr;
    while (newest != nullptr) {
      job* const older = newest->next;
      newest->next = oldest;
      oldest = newest;
      newest = older;
    }
    while (oldest != nullptr) {
      job* const newer = oldest->next;
      taken.push(*oldest);
      oldest = newer;
    }
    return taken;
  }

  /// Relaxed: who must not miss a job looks again after event_count::prepare_wait().
  [[nodiscard]] bool empty() const noexcept { return newest_.load(base::relaxed) == nullptr; }

 private:
  base::atomic<job*> newest_{nullptr};
};

}  // namespace heddle::queue
