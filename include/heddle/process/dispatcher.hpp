// SPDX-License-Identifier: MIT
// Turns of sending to the workers of a pool.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <exception>
#include <mutex>
#include <span>
#include <utility>

#include <heddle/base/atomic.hpp>
#include <heddle/process/pool_state.hpp>
#include <heddle/process/pool_worker.hpp>
#include <heddle/process/pool_workers.hpp>
#include <heddle/process/remote_call.hpp>
#include <heddle/process/worker_channel.hpp>

namespace heddle::process {

/// Any thread, with the lock of the pool, which is given back while something is sent. A worker's turn is `is_sending`:
/// who has set it sends, and does afterwards what others could not do meanwhile.
class dispatcher {
 public:
  explicit dispatcher(pool_state& pool) noexcept : pool_(pool) {}

  /// Sends what waits, as far as there are workers for it.
  void dispatch(std::unique_lock<std::mutex>& lock) const {
    do {
      while (remote_call* const call =
                 pool_.broken == nullptr && !pool_.cancels_waiting ? pool_.waiting.first() : nullptr) {
        const pool_workers::chosen to = pool_.workers.choose(*call);
        if (to.worker == nullptr) break;
        send(lock, *to.worker, to.most);
      }
    } while (pool_.waiting.empty() && takes_from_busy());
    if (pool_.waiting.empty()) return;
    if (pool_.broken != nullptr) return pool_.fail_waiting(lock, pool_.broken);
    if (pool_.workers.is_empty() && pool_.workers.start_error() != nullptr)
      pool_.fail_waiting(lock, pool_.workers.start_error());
  }

 private:
  static constexpr std::size_t most_at_once = 32;  // calls that are sent in one turn
  static constexpr std::chrono::milliseconds longest_end{100};

  /// Half of what one worker has and has not begun, or the one call that it has, waits from now on for those that have
  /// nothing to do. Whether anything does.
  [[nodiscard]] bool takes_from_busy() const noexcept {
    pool_worker* const from = pool_.workers.choose_to_take_from();
    if (from == nullptr) return false;
    pool_.requeue_unbegun(*from, std::max<std::size_t>(1, from->outstanding / 2));
    return !pool_.waiting.empty();
  }

  /// Sends the first call that waits, and up to `most` in all of those behind it.
  void send(std::unique_lock<std::mutex>& lock, pool_worker& to, std::size_t most) const {
    std::array<remote_call*, most_at_once> calls;
    std::size_t count = 0;
    most = std::min({most, most_at_once, to.left_of(pool_.settings.max_calls)});
    do {
      remote_call& call = *pool_.waiting.try_pop_front();
      calls[count++] = &call;
      begin_sending(call, to);
      if (call.is_large) return send_aside(lock, call, to);
      if (call.wants_worker_alone()) break;
    } while (count < most && !pool_.waiting.empty() && !pool_.waiting.first()->wants_worker_alone());
    std::exception_ptr error;
    lock.unlock();
    const std::size_t given = to.sender.send(std::span(calls).first(count), error);
    lock.lock();
    for (std::size_t each = count; each > given + 1; --each) {
      note_unsent(to, *calls[each - 1]);
      pool_.requeue(*calls[each - 1]);
    }
    if (given + 1 < count && to.is_receiving) to.channel.wake_waiters();  // for one of these, maybe
    if (given == count) return end_sending(to);
    remote_call& unsent = *calls[given];
    const bool is_wanted =
        !unsent.is_cancelled && !to.is_doomed;  // still: it may be otherwise since the lock was given back
    if (error == nullptr && is_wanted && to.outstanding == 1 && !to.is_read) {
      unsent.is_large = true;
      return send_aside(lock, unsent, to);
    }
    end_unsent(lock, to, unsent, error);
  }

  void begin_sending(remote_call& call, pool_worker& to) const noexcept {
    call.where = remote_call::place::sending;
    call.worker = &to;
    to.sent.push_back(call);
    to.is_sending = true;
    if (++to.outstanding == 1) to.last_done = pool_worker::clock::now();
    if (call.time_limit.count() == 0) return;
    to.timed = &call;
  }

  /// Of the calls that were given, some may be done, and gone.
  void end_sending(pool_worker& to) const noexcept {
    to.is_sending = false;
    if (!std::exchange(to.has_begun_to_get, false)) pool_.start_clock(to);
    // There may be an answer that came too early.
    if (std::exchange(to.is_streaming, false)) to.channel.tell_supervisor();
    std::array<remote_call*, most_at_once> cancelled;
    std::size_t count = 0;
    while (remote_call* const call = to.sent.try_pop_front()) {
      call->where = remote_call::place::given;
      if (call->is_cancelled) cancelled[count++] = call;
    }
    // Each may have others taken back, which are in other lists then.
    for (remote_call* const call : std::span(cancelled).first(count)) {
      if (call->where == remote_call::place::given) pool_.take_back_cancelled(to, *call);
    }
    if (to.victim != nullptr && !to.has_victim.load(base::relaxed)) pool_.kill_unless_answered(to, *to.victim);
    if (pool_.cancels_waiting) pool_.requeue_unbegun(to);
    pool_.tend(to);
    if (pool_.is_closed) pool_.box.kick();  // while it was sent to, nobody could send it home
  }

  /// It was not given, and is in no list.
  void note_unsent(pool_worker& to, remote_call& call) const noexcept {
    to.sent.remove(call);
    pool_.note_left(to, call);
    call.where = remote_call::place::returned;
  }

  /// The last one of those that were to be sent was not given.
  void end_unsent(std::unique_lock<std::mutex>& lock, pool_worker& to, remote_call& call,
                  const std::exception_ptr& error) const {
    note_unsent(to, call);
    call.is_large = call.is_large || !to.channel.is_lost();
    if (error == nullptr) pool_.requeue(call);  // before those that were given, which are older
    end_sending(to);
    if (to.is_receiving) to.channel.wake_waiters();  // for this call, maybe
    if (error != nullptr) pool_.fail(lock, call, error);
  }

  /// In a thread of its own, for it takes its time and waits for the worker; or here if there is none.
  void send_aside(std::unique_lock<std::mutex>& lock, remote_call& call, pool_worker& to) const {
    to.is_streaming = true;
    pool_.aside(lock, [by = *this, &call, &to] { by.stream_call(call, to); });
  }

  /// Whether a worker that is sent to, and was found lost, has only ended; then the supervisor is about to know it.
  static bool is_at_its_end(std::unique_lock<std::mutex>& lock, pool_worker& to) noexcept {
    if (!to.handle.is_open()) return false;
    lock.unlock();
    const bool has_ended = to.handle.wait_for_end(longest_end);
    lock.lock();
    if (has_ended) to.channel.lose();
    return has_ended;
  }

  void stream_call(remote_call& call, pool_worker& to) const {
    std::exception_ptr error;
    bool was_sent = false;
    bool is_lost = false;
    try {
      to.sender.stream_call(call, [&] {
        const std::lock_guard lock(pool_.mutex);
        to.has_begun_to_get = true;
        pool_.start_clock(to);
        if (pool_.cancels_waiting) pool_.give_up_unbegun(to);
      });
      was_sent = true;
    } catch (const worker_is_lost&) {
      is_lost = true;
    } catch (...) {
      error = std::current_exception();
    }
    std::unique_lock lock(pool_.mutex);
    if (is_lost) was_sent = to.has_begun_to_get;
    if (is_lost && !to.channel.is_lost() && !is_at_its_end(lock, to)) pool_.condemn(to);
    if (was_sent) {
      end_sending(to);
    } else {
      end_unsent(lock, to, call, error);
    }
    dispatch(lock);
  }

  pool_state& pool_;
};

}  // namespace heddle::process
