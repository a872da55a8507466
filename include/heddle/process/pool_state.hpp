// SPDX-License-Identifier: MIT
// What the threads that work for a pool of workers share: its calls, its workers, and what can happen to them.
#pragma once

#include <signal.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <utility>

#include <heddle/base/atomic.hpp>
#include <heddle/base/fork_count.hpp>
#include <heddle/process/event_descriptor.hpp>
#include <heddle/process/pool_worker.hpp>
#include <heddle/process/pool_workers.hpp>
#include <heddle/process/remote_call.hpp>
#include <heddle/process/report_box.hpp>
#include <heddle/process/thread_list.hpp>
#include <heddle/process/worker_died.hpp>
#include <heddle/process/worker_pool_settings.hpp>

namespace heddle::process {

/// `mutex` is held for moments only, and never while anything of the user's runs. Sending to a worker, and receiving
/// from it, are turns that one thread has at a time: `is_sending` (dispatcher.hpp), `is_receiving` (result_reader.hpp).
/// Functions without a lock of their own are called under it, but where they say otherwise.
class pool_state {
 public:
  /// Throws as pool_workers().
  explicit pool_state(const worker_pool_settings& asked)
      : settings(asked), kicked(event_descriptor::make()), box(kicked), workers(settings, box) {}
  pool_state(const pool_state&) = delete;
  pool_state& operator=(const pool_state&) = delete;
  ~pool_state() {
    if (is_of_this_process()) return;
    workers.leave_behind();
    asides.leave_behind();
  }

  /// False in the child of a fork, which has neither its threads nor its workers. Any thread.
  [[nodiscard]] bool is_of_this_process() const noexcept { return made_in_ == base::fork_count(); }

  // ---- what becomes of calls

  void note_cancelled(remote_call& call) noexcept {
    using enum remote_call::place;
    call.is_cancelled = true;
    switch (call.where) {
      case queued:
        waiting.remove(call);
        return drop(call);
      case sending:
        if (call.worker->is_streaming) doom(*call.worker);
        return;
      case given:
        return take_back_cancelled(*call.worker, call);
      case reading:
        // What the worker writes may never come to an end; but if it does, it runs something else by now.
        limit_rest(*call.worker);
        return box.kick();
      case returned:
        return drop(call);
      case nowhere:
        return;
    }
  }

  [[nodiscard]] static bool is_with_worker(const remote_call& call) noexcept {
    return call.where == remote_call::place::given || call.where == remote_call::place::sending;
  }
  /// It is dropped when the lock is not held.
  void drop(remote_call& call) noexcept {
    call.where = remote_call::place::nowhere;
    to_drop.push_back(call);
    box.kick();
  }

  /// Not under the lock.
  void drop_all() noexcept {
    for (;;) {
      std::unique_lock lock(mutex);
      remote_call* const call = to_drop.try_pop_front();
      if (call == nullptr) return;
      lock.unlock();
      call->drop();
      lock.lock();
      note_finished(1);
    }
  }

  void note_finished(std::size_t count) noexcept {
    unfinished -= count;
    if (unfinished == 0 && is_closed) box.kick();
  }

  /// Ends a call with an error that is in no list.
  void fail(std::unique_lock<std::mutex>& lock, remote_call& call, const std::exception_ptr& error) {
    call.where = remote_call::place::returned;
    if (!call.try_claim()) {
      if (call.is_cancelled) drop(call);
      return;  // its canceller is about to say so
    }
    call.where = remote_call::place::nowhere;
    lock.unlock();
    const bool tells = call.end_with(error);
    lock.lock();
    note_ended(&call, tells);
  }

  /// What an `end` function has returned for the call, which is gone if it is not to be told.
  void note_ended(remote_call* call, bool tells) noexcept {
    if (!tells) return note_finished(1);
    to_tell.push_back(*call);
    box.kick();
  }

  void fail_waiting(std::unique_lock<std::mutex>& lock, std::exception_ptr error) {
    const std::exception_ptr kept = std::move(error);
    while (remote_call* const call = waiting.try_pop_front()) fail(lock, *call, kept);
  }

  /// Ends calls that no worker has begun as cancelled. Returns how many. Not under the lock.
  std::size_t cancel_waiting() noexcept {
    call_list taken;
    std::size_t count = 0;
    {
      const std::lock_guard lock(mutex);
      cancels_waiting = true;
      for (const auto& each : workers) {
        requeue_unbegun(*each);
        give_up_unbegun(*each);
      }
      for (remote_call* next = waiting.first(); next != nullptr;) {
        remote_call& call = *std::exchange(next, call_list::after(*next));
        if (!call.try_claim()) continue;  // its canceller is about to say so
        waiting.remove(call);
        call.where = remote_call::place::nowhere;
        taken.push_back(call);
      }
    }
    while (remote_call* const call = taken.try_pop_front()) {
      ++count;
      const bool tells = call->end_cancelled();
      const std::lock_guard lock(mutex);
      note_ended(call, tells);
    }
    drop_all();
    return count;
  }

  // ---- calls that workers have

  void take_back_cancelled(pool_worker& from, remote_call& call) noexcept {
    if (from.channel.try_revoke(call)) {
      if (!from.channel.take_given(call)) return;  // who reads what came of it drops it
      note_left(from, call);
      drop(call);
      if (from.is_receiving) from.channel.wake_waiters();
      tend(from);
    } else if (call.where == remote_call::place::given) {
      kill_unless_answered(from, call);
    }
  }

  /// The worker has begun the call, and is to be killed for it: unless the answer is there already, and it runs another
  /// one by now. What it has not begun is taken back, and then what it has written is read: a worker answers before it
  /// begins the next call, so if there is no answer then, it runs this one. It gets no other call meanwhile. Where
  /// somebody sends it calls, all that happens when they are sent.
  void kill_unless_answered(pool_worker& worker, const remote_call& call) noexcept {
    // Of several, those before the last are answered.
    if (worker.victim == nullptr || worker.victim->sequence < call.sequence) worker.victim = &call;
    if (worker.is_sending) return;
    requeue_unbegun(worker);
    if (worker.victim == nullptr) return condemn(worker);  // it was one of these, though it had been begun
    worker.has_victim.store(true, base::relaxed);  // relaxed, as all of it: the lock orders what follows from it
    if (worker.is_receiving) {
      worker.channel.wake_waiters();
    } else {
      worker.channel.tell_supervisor();
    }
  }

  static void forget_victim(pool_worker& worker, const remote_call& call) noexcept {
    if (worker.victim != &call) return;
    worker.victim = nullptr;
    worker.has_victim.store(false, base::relaxed);
  }

  /// The worker does not have it any more.
  void note_left(pool_worker& worker, const remote_call& call) noexcept {
    --worker.outstanding;
    stop_clock(worker, call);
    forget_victim(worker, call);
    if (worker.outstanding == 0) workers.note_idle(worker);
  }

  static void stop_clock(pool_worker& worker, const remote_call& call) noexcept {
    if (worker.timed != &call) return;
    worker.timed = nullptr;
    worker.limit.stop();
  }

  /// What the worker has and has not begun goes back to the front of the queue.
  void requeue_unbegun(pool_worker& from, std::size_t most = SIZE_MAX) noexcept {
    if (from.is_sending) return;  // who sends does it afterwards
    const std::size_t before = from.outstanding;
    from.sender.revoke_newest(most, [&](remote_call& call) {
      note_left(from, call);
      requeue(call);
    });
    if (from.outstanding != before && from.is_receiving) from.channel.wake_waiters();
  }

  /// What it gets piece by piece, and has not begun, goes back to the queue when it is gone.
  void give_up_unbegun(pool_worker& worker) noexcept {
    const remote_call* const call = worker.is_streaming && worker.has_begun_to_get ? worker.sent.first() : nullptr;
    if (call != nullptr && worker.channel.try_revoke(*call)) doom(worker);
  }

  void requeue(remote_call& call) noexcept {
    if (call.is_cancelled) return drop(call);
    call.where = remote_call::place::queued;
    waiting.push_front(call);
    if (cancels_waiting) box.kick();
  }

  /// Of the call that the worker has alone, if it has that, and can begin it.
  void start_clock(pool_worker& of) noexcept {
    const bool has_it = !of.is_sending || of.has_begun_to_get;
    if (of.timed == nullptr || !of.is_started || !of.is_set_up || !has_it) return;
    of.limit.start(of.timed->time_limit);
    box.kick();
  }

  /// Of a result that nobody wants any more.
  static void limit_rest(pool_worker& of) noexcept { of.read_limit.start(longest_rest); }

  // ---- what becomes of workers

  /// The worker is to be killed. What it has not begun is taken back first, so that nothing else dies of it. Where
  /// somebody sends it a call, that happens afterwards, but for one that it gets piece by piece: it has nothing else.
  void doom(pool_worker& worker) noexcept {
    worker.is_doomed = true;
    requeue_unbegun(worker);
    if ((!worker.is_sending || worker.is_streaming) && worker.handle.is_open()) worker.handle.send_signal(SIGKILL);
    box.kick();
  }

  /// It has done what no worker does.
  void condemn(pool_worker& worker) noexcept {
    worker.end.cause = death_cause::killed_by_pool;
    worker.channel.lose();
    doom(worker);
  }

  /// Nothing is taken from now on; what there is fails with `why`.
  void break_down(std::exception_ptr why) noexcept {
    if (broken != nullptr) return;
    broken = std::move(why);
    for (const auto& each : workers) doom(*each);
  }

  /// What is due for the worker, after anything has changed.
  void tend(pool_worker& worker) noexcept {
    if (worker.channel.is_lost()) {
      requeue_unbegun(worker);
      box.kick();
    }
    if (worker.is_doomed) return doom(worker);
    if (worker.is_sending || worker.is_leaving || !worker.is_used_up(settings.max_calls)) return;
    requeue_unbegun(worker);
    if (worker.outstanding != 0) return;
    send_home(worker);
  }

  /// Tells it to end when it has done what it has. While nobody sends to it.
  void send_home(pool_worker& worker) noexcept {
    worker.is_leaving = worker.sender.try_send_leave();
    if (!worker.is_leaving) return doom(worker);
    worker.limit.start(longest_leave);
    box.kick();
  }

  // ---- threads for what takes long

  /// In a thread of the pool's own.
  static void block_signals() noexcept {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  }

  /// `work()` runs in another thread; or here if there can be none, without the lock.
  template <class Work>
  void aside(std::unique_lock<std::mutex>& lock, const Work& work) {
    try {
      asides.start([work] { block_signals(), work(); }, [this] { box.kick(); });
      return;
    } catch (...) {
      // No thread, or no memory.
    }
    lock.unlock();
    work();
    lock.lock();
  }

  const worker_pool_settings settings;
  const event_descriptor kicked;
  report_box box;
  mutable std::mutex mutex;
  pool_workers workers;
  call_list waiting;
  call_list to_tell;
  call_list to_drop;
  std::size_t unfinished = 0;  // calls, with those to be told
  std::uint64_t done = 0;
  std::exception_ptr broken;
  bool is_closed = false;
  bool cancels_waiting = false;
  thread_list asides;  // they use the rest

 private:
  static constexpr std::chrono::seconds longest_leave{2};
  static constexpr std::chrono::seconds longest_rest{1};

  const std::uint32_t made_in_ = base::fork_count();
};

}  // namespace heddle::process
