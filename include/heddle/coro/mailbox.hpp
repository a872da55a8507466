// SPDX-License-Identifier: MIT
// Where other threads leave jobs for a loop, which they wake if it sleeps.
#pragma once

#include <utility>

#include <heddle/base/shared_value.hpp>
#include <heddle/queue/job.hpp>
#include <heddle/queue/job_list.hpp>
#include <heddle/queue/mpsc_inbox.hpp>
#include <heddle/sync/deadline.hpp>
#include <heddle/sync/event_count.hpp>

namespace heddle::coro {

/// Any thread posts, the loop's thread takes and sleeps. Copies are one mailbox: the job that is posted may end the
/// loop before the thread that posts it has left post(), so that thread posts to a copy of its own.
class mailbox {
 public:
  mailbox() : shared_(std::in_place) {}

  void post(queue::job& posted) noexcept {
    if (shared_->inbox.push(posted)) shared_->posted.notify_one();
  }

  /// What was posted since, oldest first.
  [[nodiscard]] queue::job_list take_all() noexcept { return shared_->inbox.take_all(); }

  /// Sleeps until something is posted, or until the deadline; may return for no reason.
  void wait_until(sync::deadline until) noexcept {
    const sync::event_count::key key = shared_->posted.prepare_wait();
    if (shared_->inbox.empty()) {
      shared_->posted.wait(key, until);
    } else {
      shared_->posted.cancel_wait();
    }
  }

 private:
  struct contents {
    queue::mpsc_inbox inbox;
    sync::event_count posted;
  };

  base::shared_value<contents> shared_;
};

}  // namespace heddle::coro
