// SPDX-License-Identifier: MIT
// Worker processes that do calls.
#pragma once

#include <sys/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <vector>

#include <heddle/process/dispatcher.hpp>
#include <heddle/process/pool_state.hpp>
#include <heddle/process/remote_call.hpp>
#include <heddle/process/result_reader.hpp>
#include <heddle/process/supervisor.hpp>
#include <heddle/process/worker_pool_settings.hpp>
#include <heddle/sync/deadline.hpp>

namespace heddle::process {

/// No call passes through a thread of the pool's own: who submits writes it to a worker, who waits for it reads what
/// came of it. The supervisor does what nobody is there for. Any thread, but where it says otherwise.
class worker_pool {
 public:
  /// Starts the fork server if there is none, and the supervisor. Throws as pool_state() and supervisor().
  explicit worker_pool(const worker_pool_settings& settings) : state_(settings), supervisor_(state_) {}
  worker_pool(const worker_pool&) = delete;
  worker_pool& operator=(const worker_pool&) = delete;
  ~worker_pool() {
    close();
    join();
  }

  /// False in the child of a fork, which has neither its threads nor its workers.
  [[nodiscard]] bool is_of_this_process() const noexcept { return state_.is_of_this_process(); }

  /// False if the pool is closed, or broken.
  [[nodiscard]] bool try_push(remote_call& call) {
    std::unique_lock lock(state_.mutex);
    if (state_.is_closed || state_.broken != nullptr) return false;
    ++state_.unfinished;
    call.where = remote_call::place::queued;
    state_.waiting.push_back(call);
    dispatcher(state_).dispatch(lock);
    return true;
  }

  /// Somebody has cancelled the call, which try_claim() has not claimed. It is dropped, now or soon.
  void cancelled(remote_call& call) noexcept {
    if (!is_of_this_process()) return;
    {
      const std::lock_guard lock(state_.mutex);
      state_.note_cancelled(call);
    }
    state_.drop_all();
  }

  /// No call is taken from now on. The supervisor ends when those that there are have ended.
  void close() noexcept {
    if (!is_of_this_process()) return;
    {
      const std::lock_guard lock(state_.mutex);
      state_.is_closed = true;
    }
    state_.box.kick();
  }

  /// Ends calls that no worker has begun as cancelled. Returns how many.
  std::size_t cancel_waiting() noexcept { return is_of_this_process() ? state_.cancel_waiting() : 0; }

  /// Sends the workers a signal, of which they are to die.
  void signal_workers(int signal) noexcept {
    if (!is_of_this_process()) return;
    const std::lock_guard lock(state_.mutex);
    for (const auto& each : state_.workers) {
      each->due_signal = signal;
      if (each->handle.is_open()) each->handle.send_signal(signal);
    }
  }

  /// Why it takes no calls; null if it does.
  [[nodiscard]] std::exception_ptr why_broken() const {
    const std::lock_guard lock(state_.mutex);
    return state_.broken;
  }

  struct counts {
    std::size_t workers = 0;       ///< processes that there are
    std::size_t waiting = 0;       ///< calls that no worker has
    std::size_t with_workers = 0;  ///< calls that a worker runs, or has got already to run next
    std::uint64_t done = 0;        ///< calls that a worker has answered
    std::uint64_t died = 0;        ///< workers that have ended by themselves, or that somebody else has killed
  };
  /// Nothing, in the child of a fork.
  [[nodiscard]] counts count() const noexcept {
    if (!is_of_this_process()) return {};
    const std::lock_guard lock(state_.mutex);
    counts found{.done = state_.done, .died = state_.workers.died()};
    for (const auto& each : state_.workers) {
      found.workers += each->has_ended ? 0U : 1U;
      found.with_workers += each->outstanding;
    }
    found.waiting = state_.unfinished - std::min(state_.unfinished, found.with_workers);
    return found;
  }

  [[nodiscard]] std::vector<pid_t> worker_pids() const {
    if (!is_of_this_process()) return {};
    const std::lock_guard lock(state_.mutex);
    std::vector<pid_t> found;
    for (const auto& each : state_.workers) {
      if (each->is_started && !each->has_ended) found.push_back(static_cast<pid_t>(each->end.pid));
    }
    return found;
  }

  /// Reads results here until `is_done()`, or the deadline, if nobody else reads those of the call's worker.
  template <class IsDone>
  void bring(remote_call& call, sync::deadline until, const IsDone& is_done) {
    result_reader(state_).bring(call, until, is_done);
  }

  /// Waits for the end of the pool, which is closed.
  void join() noexcept {
    if (is_of_this_process()) supervisor_.join();
  }
  /// Whether this thread is the pool's own: of those that run callbacks.
  [[nodiscard]] bool runs_this_thread() const noexcept {
    return is_of_this_process() && supervisor_.runs_this_thread();
  }
  /// In the child of a fork, before the end of this object.
  void leave_behind() noexcept { supervisor_.leave_behind(); }

 private:
  pool_state state_;
  supervisor supervisor_;
};

}  // namespace heddle::process
