// SPDX-License-Identifier: MIT
// How a request to cancel finds the coroutines that it reaches.
#pragma once

#include <coroutine>
#include <cstdint>

#include <heddle/coro/chain.hpp>
#include <heddle/coro/event_loop.hpp>
#include <heddle/coro/list_link.hpp>
#include <heddle/coro/suspension.hpp>
#include <heddle/queue/job_list.hpp>

namespace heddle::coro {

/// One or several requests to cancel, made at the same moment.
///
/// A chain that awaits tasks passes the request on to them and goes on waiting for them; one that awaits anything else
/// is woken and throws; one that runs throws when it is suspended next. A chain is visited once, so a request ends
/// where chains await each other in a circle; one that reaches nothing but such a circle breaks it open where it began.
/// Neither recursion nor allocation: the chains to visit are linked as jobs, since a chain that awaits a task which has
/// not ended is in no queue.
class cancellation {
 public:
  explicit cancellation(event_loop& loop) noexcept : loop_(loop), oldest_(loop.number_cancellation()) {}
  cancellation(const cancellation&) = delete;
  cancellation& operator=(const cancellation&) = delete;

  /// Cancels a chain that has not ended.
  void request(chain& asked) noexcept {
    newest_ = loop_.number_cancellation();
    reached_ = false;
    visit(asked);
    while (queue::job* const next = passing_on_.try_pop()) static_cast<chain*>(next)->suspended_on()->pass_on(*this);
    if (!reached_) reach(asked);
  }

  /// For suspension::pass_on(): a task that is awaited and has not ended.
  void visit(chain& met) noexcept {
    if (met.last_cancellation() > oldest_) {
      reached_ = reached_ || met.last_cancellation() != newest_;
      return;
    }
    met.set_last_cancellation(newest_);
    if (met.suspended_on() != nullptr && met.suspended_on()->passes_on()) {
      passing_on_.push(met);
    } else {
      reach(met);
    }
  }

 private:
  void reach(chain& met) noexcept {
    reached_ = true;
    met.set_cancellation_pending();
    if (met.suspended_on() != nullptr && met.suspended_on()->try_leave()) loop_.make_ready(met);
  }

  event_loop& loop_;
  std::uint64_t oldest_;
  std::uint64_t newest_ = 0;
  bool reached_ = false;
  queue::job_list passing_on_;
};

/// Suspends a chain, for await_suspend() when nothing can fail any more. A cancellation that was requested while the
/// chain ran is made now.
inline void suspend(chain& suspended, std::coroutine_handle<> last, suspension& on) noexcept {
  suspended.suspend(last, &on);
  if (suspended.take_cancellation()) cancellation(suspended.loop()).request(suspended);
}

/// Cancels every chain of the loop and runs it until they have ended; then those that they made meanwhile, and so on.
inline void cancel_all(event_loop& loop) {
  while (!loop.chains().alone()) {
    list_link left;
    left.take(loop.chains());
    cancellation made(loop);
    for (list_link* link = &left.following(); link != &left; link = &link->following()) {
      made.request(static_cast<chain&>(*link));
    }
    loop.run_until([&left] { return left.alone(); });
  }
}

}  // namespace heddle::coro
