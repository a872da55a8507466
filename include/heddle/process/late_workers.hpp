// SPDX-License-Identifier: MIT
// Kills workers that take too long.
#pragma once

#include <sys/types.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <utility>

#include <heddle/process/child.hpp>
#include <heddle/process/pool_state.hpp>
#include <heddle/process/pool_worker.hpp>
#include <heddle/process/time_limit.hpp>

namespace heddle::process {

/// For who looks each time that a limit ends: see time_limit.hpp. Any thread, not under the lock.
class late_workers {
 public:
  explicit late_workers(pool_state& pool) noexcept : pool_(pool) {}

  /// The program was stopped, and goes on.
  void note_stop() noexcept {
    const std::lock_guard lock(pool_.mutex);
    was_stopped_ = true;
    stops_until_ = time_limit::clock::now() + std::chrono::seconds(10);
  }

  /// When to look though no limit ends. A program that is stopped again and again, to slow it down, has limits that
  /// end: each stop takes from them what has passed since the last look. Under the lock.
  [[nodiscard]] time_limit::clock::time_point next_look() const noexcept {
    const bool is_needed =
        last_look_ < stops_until_ &&
        std::any_of(
            pool_.workers.begin(), pool_.workers.end(),
            [](const auto& each) { return each->limit.is_running() || each->read_limit.is_running(); });
    return is_needed ? last_look_ + std::chrono::milliseconds(20) : time_limit::clock::time_point::max();
  }

  void kill_late() {
    const std::lock_guard lock(pool_.mutex);
    const auto now = time_limit::clock::now();
    forgive_standstill(now);
    for (const auto& each : pool_.workers) {
      pool_worker& worker = *each;
      const bool is_late = worker.limit.is_over(now);
      if (worker.is_doomed || !(is_late || worker.read_limit.is_over(now))) continue;
      if (!is_late && may_run_another(worker)) {
        pool_state::limit_rest(worker);
        continue;
      }
      const bool is_setup_late = is_late && !worker.is_set_up && !worker.is_leaving;
      const bool is_call_late = is_late && !is_setup_late && worker.timed != nullptr;
      if (is_call_late && worker.is_answer_there()) {
        worker.limit.start(longest_reading);  // the worker was not late, whatever takes long to read
        continue;
      }
      if (is_call_late && is_traced(static_cast<pid_t>(worker.end.pid))) {
        pool_.start_clock(worker);  // for somebody may be looking at it
        continue;
      }
      worker.timed_out = is_call_late;
      if (is_setup_late) pool_.break_down(pool_.settings.make_setup_timeout());
      worker.limit.stop();
      worker.read_limit.stop();
      pool_.doom(worker);
    }
  }

 private:
  static constexpr std::chrono::seconds longest_reading{1};  // until it is looked at again

  /// Whether it may have written all of the result, which only takes long to read, and have begun another call since.
  [[nodiscard]] bool may_run_another(pool_worker& worker) const noexcept {
    pool_.requeue_unbegun(worker);
    return worker.outstanding != 0 && !worker.receiver.waits_for_rest();
  }

  /// While this program stood still, its workers may have done so, too.
  void forgive_standstill(time_limit::clock::time_point now) noexcept {
    // Those of a worker that is doomed have ended, and are not stopped: the system may take its time to kill it.
    const auto has_missed = [now](const auto& each) {
      return !each->is_doomed && (each->limit.was_missed(now) || each->read_limit.was_missed(now));
    };
    if (std::exchange(was_stopped_, false) || std::any_of(pool_.workers.begin(), pool_.workers.end(), has_missed)) {
      for (const auto& each : pool_.workers) {
        each->limit.forgive(last_look_, now);
        each->read_limit.forgive(last_look_, now);
      }
    }
    last_look_ = now;
  }

  pool_state& pool_;
  // Under the pool's lock:
  bool was_stopped_ = false;  // since the last look
  time_limit::clock::time_point last_look_ = time_limit::clock::now();
  time_limit::clock::time_point stops_until_ = last_look_;  // it would be no wonder if there were more
};

}  // namespace heddle::process
