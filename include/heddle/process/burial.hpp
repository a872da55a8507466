// SPDX-License-Identifier: MIT
// What becomes of the calls of workers that have ended.
#pragma once

#include <algorithm>
#include <exception>
#include <memory>
#include <mutex>

#include <heddle/process/pool_state.hpp>
#include <heddle/process/pool_worker.hpp>
#include <heddle/process/pool_workers.hpp>
#include <heddle/process/remote_call.hpp>
#include <heddle/process/result_reader.hpp>
#include <heddle/process/worker_died.hpp>

namespace heddle::process {

/// What a worker has written before its end is read first. Then a call that it had begun fails, or is tried again, and
/// others wait for another worker. Not under the lock.
class burial {
 public:
  explicit burial(pool_state& pool) noexcept : pool_(pool), reader_(pool) {}

  /// Calls `stop_watching(worker)` for each before it goes.
  template <class StopWatching>
  void bury_dead(const StopWatching& stop_watching) const {
    for (;;) {
      std::unique_lock lock(pool_.mutex);
      const auto now = pool_worker::clock::now();
      const auto dead = std::find_if(pool_.workers.begin(), pool_.workers.end(), [&](const auto& each) {
        return each->has_ended && !each->is_sending && !each->is_receiving &&
               (each->has_report || now >= each->bury_after);
      });
      if (dead == pool_.workers.end()) return;
      pool_worker& worker = **dead;
      worker.is_receiving = true;
      lock.unlock();
      while (reader_.read(worker, [] { return true; }) == result_reader::received::result) continue;
      lock.lock();
      stop_watching(worker);
      bury(lock, worker);
    }
  }

 private:
  void bury(std::unique_lock<std::mutex>& lock, pool_worker& worker) const {
    if (worker.is_left_alone) static_cast<void>(worker.sender.try_send_leave());
    call_list victims;  // one at most, of a worker that writes what workers write
    call_list unbegun;
    worker.sender.take_all([&](remote_call& call) {
      pool_.note_left(worker, call);
      if (worker.channel.was_begun(call)) {
        victims.push_back(call);
      } else {
        unbegun.push_front(call);
      }
    });
    const std::unique_ptr<pool_worker> dead = pool_.workers.take_out(worker);
    const bool has_died = pool_.workers.note_end(*dead, victims.empty());
    if (has_died && pool_.settings.breaks) {
      pool_.break_down(
          pool_.settings.make_broken("a worker of this pool has died, and on_crash::break_pool() was asked for, so it "
                                     "takes no work; how it died is nested inside",
                                     make_worker_died(dead->end, 0)));
    }
    while (remote_call* const call = unbegun.try_pop_front()) pool_.requeue(*call);
    while (remote_call* const call = victims.try_pop_front()) end_victim(lock, *call, *dead);
  }

  void end_victim(std::unique_lock<std::mutex>& lock, remote_call& call, const pool_worker& dead) const {
    if (call.is_cancelled) return pool_.drop(call);
    if (pool_.broken != nullptr && dead.is_doomed) return pool_.fail(lock, call, pool_.broken);
    if (dead.timed_out) return pool_.fail(lock, call, call.make_timeout());
    if (++call.starts < pool_.settings.attempts && dead.due_signal == 0) return pool_.requeue(call);
    pool_.fail(lock, call, make_worker_died(dead.end, call.starts));
  }

  pool_state& pool_;
  const result_reader reader_;
};

}  // namespace heddle::process
