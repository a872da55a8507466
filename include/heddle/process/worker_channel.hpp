// SPDX-License-Identifier: MIT
// The program's side of the channel to one worker: what sending and receiving have in common.
#pragma once

#include <chrono>
#include <cstdint>

#include <heddle/base/atomic.hpp>
#include <heddle/process/channel_memory.hpp>
#include <heddle/process/event_descriptor.hpp>
#include <heddle/process/given_calls.hpp>
#include <heddle/process/remote_call.hpp>
#include <heddle/process/report_box.hpp>
#include <heddle/process/shared_memory.hpp>
#include <heddle/sync/deadline.hpp>
#include <heddle/sync/spin_wait.hpp>
#include <heddle/sync/this_thread.hpp>

namespace heddle::process {

/// The worker has ended, or has written what no worker writes, while something was read or written piece by piece.
struct worker_is_lost {};

/// One thread at a time sends calls (request_sender.hpp), another one may receive what becomes of them at the same time
/// (result_receiver.hpp). The worker is not trusted.
class worker_channel {
 public:
  /// Makes the channel. Throws std::system_error, std::bad_alloc.
  worker_channel(const worker_settings& settings, const report_box& supervisor)
      : supervisor_(supervisor),
        memory_(shared_memory::make(sizeof(channel_memory))),
        bell_(event_descriptor::make()),
        shared_(channel_memory::make_in(memory_.bytes())),
        may_spin_(settings.may_spin != 0) {
    shared_.settings = settings;
  }
  worker_channel(const worker_channel&) = delete;
  worker_channel& operator=(const worker_channel&) = delete;

  /// For the worker.
  [[nodiscard]] int memory() const noexcept { return memory_.number(); }
  /// Readable when the worker wants the supervisor to receive. Nothing here writes to it, for the worker may have
  /// filled it and made who writes wait.
  [[nodiscard]] const event_descriptor& bell() const noexcept { return bell_; }

  [[nodiscard]] channel_memory& shared() const noexcept { return shared_; }
  [[nodiscard]] given_calls<remote_call>& given() noexcept { return given_; }
  [[nodiscard]] bool may_spin() const noexcept { return may_spin_; }

  /// Takes back a call that the worker has not begun. Then, or if somebody reads its result, it is not given any more.
  [[nodiscard]] bool try_revoke(const remote_call& call) noexcept { return shared_.slots.try_revoke(call.sequence); }

  /// The call is not given any more; false if it was not.
  [[nodiscard]] bool take_given(const remote_call& call) noexcept { return given_.try_take(call.sequence, call); }

  /// Whether the worker, which has ended, had begun it.
  [[nodiscard]] bool was_begun(const remote_call& call) const noexcept {
    return shared_.slots.was_claimed(call.sequence);
  }

  /// What the system has refused to the worker, which has ended, before it could begin anything; 0: nothing.
  [[nodiscard]] int obstacle() const noexcept {
    const std::int32_t said = shared_.obstacle.load(base::relaxed);  // relaxed: its end was told by the system
    return said > 0 && said < 4096 ? said : 0;
  }

  /// Whoever waits for the worker here looks again.
  void wake_waiters() noexcept {
    own_wakes_.fetch_add(1, base::relaxed);  // relaxed: a hint
    for (doorbell* each : {&shared_.of_receiver, &shared_.of_sender}) {
      const doorbell::caller who = each->ring();
      if (who == channel_memory::supervisor || who == channel_memory::supervisor_later) tell_supervisor();
      each->wake();
    }
  }

  /// Changes with each wake_waiters(): it is not the worker who has woken them then.
  [[nodiscard]] std::uint32_t own_wakes() const noexcept { return own_wakes_.load(base::relaxed); }  // relaxed: a hint

  /// The worker has ended, or is to be treated so: nobody waits for it any more.
  void lose() noexcept {
    is_lost_.store(true, base::relaxed);  // relaxed: wake_waiters() orders it before their second look
    wake_waiters();
  }
  [[nodiscard]] bool is_lost() const noexcept { return is_lost_.load(base::relaxed); }  // relaxed: as above

  /// The supervisor looks at the worker.
  void tell_supervisor() noexcept {
    is_supervisor_told_.store(true, base::relaxed);  // relaxed: who is kicked sees what was done before
    supervisor_.kick();
  }
  /// Whether it was told since it asked last.
  [[nodiscard]] bool take_told() noexcept {
    return is_supervisor_told_.load(base::relaxed) && is_supervisor_told_.exchange(false, base::relaxed);  // as above
  }

  // ---- who sends, or receives

  void ring_worker() noexcept {
    if (shared_.of_worker.ring() != channel_memory::somebody) return;
    shared_.of_worker.wake();
    has_woken_.store(true, base::relaxed);  // relaxed: a hint
  }

  /// Whether the worker had to be woken since this was asked last.
  [[nodiscard]] bool take_woken() noexcept {
    // relaxed: a hint of who sends, for who receives, which is the same thread where it matters.
    return has_woken_.exchange(false, base::relaxed);
  }

  /// Who waits for the worker looks again then: it can have the system move those who sleep to where nobody wakes them.
  [[nodiscard]] static sync::deadline end_of_sleep() noexcept {
    return sync::deadline_after(std::chrono::milliseconds(250));
  }

  /// Waits until `is_there()`; or `is_enough()`, which is asked before it sleeps, and each time that it was woken for
  /// nothing.
  template <class IsThere, class IsEnough>
  void wait(doorbell& at, const IsThere& is_there, const IsEnough& is_enough) {
    if (may_spin_ && sync::spin_until(is_there)) return;
    const sync::blocking_scope blocked(nullptr);
    for (at.prepare(channel_memory::somebody); !is_there() && !is_enough(); at.prepare(channel_memory::somebody))
      at.sleep(channel_memory::somebody, end_of_sleep());
    at.cancel();
  }

 private:
  const report_box& supervisor_;
  const shared_memory memory_;
  const event_descriptor bell_;
  channel_memory& shared_;
  const bool may_spin_;
  given_calls<remote_call> given_;
  base::atomic<bool> is_supervisor_told_{false};
  base::atomic<bool> is_lost_{false};
  base::atomic<bool> has_woken_{false};
  base::atomic<std::uint32_t> own_wakes_{0};
};

}  // namespace heddle::process
