// SPDX-License-Identifier: MIT
// Turns of receiving from the workers of a pool: of the supervisor, or of a thread that waits for a call.
#pragma once

#include <cstddef>
#include <mutex>

#include <heddle/base/atomic.hpp>
#include <heddle/base/nap.hpp>
#include <heddle/process/dispatcher.hpp>
#include <heddle/process/pool_state.hpp>
#include <heddle/process/pool_worker.hpp>
#include <heddle/process/remote_call.hpp>
#include <heddle/process/result_batch.hpp>
#include <heddle/process/result_receiver.hpp>
#include <heddle/sync/deadline.hpp>
#include <heddle/sync/put_off.hpp>

namespace heddle::process {

/// Any thread, at any time. A worker's turn is `is_receiving`: who has set it reads, and hands it back.
class result_reader {
 public:
  using received = result_receiver::received;

  explicit result_reader(pool_state& pool) noexcept : pool_(pool) {}

  /// Reads results here until `is_done()`, or the deadline, if the call is with a worker whose results nobody reads.
  template <class IsDone>
  void bring(remote_call& call, sync::deadline until, const IsDone& is_done) const {
    if (!pool_.is_of_this_process()) return;
    sync::put_off::run_all();
    // Who may not wait for long reads nothing that may take long, nor who has what it wants.
    const auto may_wait = [&] { return until == sync::no_deadline && !is_done(); };
    pool_worker* from = nullptr;
    {
      const std::lock_guard lock(pool_.mutex);
      if (is_done() || !pool_state::is_with_worker(call)) return;
      from = call.worker;
      if (from->is_receiving || from->channel.is_lost()) return;
      from->is_receiving = true;
    }
    from->receiver.expect_nobody();
    for (;;) {
      const received outcome = read(*from, may_wait);
      if (outcome == received::streamed) return read_rest_aside(*from);
      if (outcome == received::nothing) kill_for_victim(*from);
      if (is_done() || from->channel.is_lost()) break;
      if (outcome == received::premature) base::nap(50);
      if (until != sync::no_deadline && pool_worker::clock::now() >= until) break;
      from->receiver.wait_for_results(
          until, is_done, [&] { return !is_still_with(call, *from) || from->has_victim.load(base::relaxed); });
      if (!from->receiver.has_results() && !is_still_with(call, *from)) break;
    }
    hand_back(*from, false);
  }

  // ---- who has the turn

  /// Reads what is there, but not for ever where more comes all the time: then the outcome is a result. Waits only for
  /// the rest of a result, and if it may: it asks when all before that have ended.
  template <class MayWait>
  received read(pool_worker& from, const MayWait& may_wait) const {
    result_batch mine(pool_, from);
    received outcome = received::result;
    for (std::size_t turn = 0; outcome == received::result && turn != most_in_a_turn; ++turn) {
      outcome = from.receiver.receive(false, mine);
      if (outcome != received::streamed) continue;
      settle(mine, from, outcome);
      if (may_wait()) outcome = from.receiver.receive(true, mine);
    }
    settle(mine, from, outcome);
    return outcome;
  }

  /// The rest of a result, in a thread that then hands back the turn to receive, which the caller has.
  void read_rest_aside(pool_worker& from) const {
    std::unique_lock lock(pool_.mutex);
    pool_.aside(lock, [reader = *this, &from] {
      const received outcome = reader.read(from, [] { return true; });
      reader.hand_back(from, outcome == received::premature);
    });
  }

  /// Nobody reads what the worker writes from now on but the supervisor, who is told of what is there already; unless
  /// it is premature, and who writes its call still does, and tells him.
  void hand_back(pool_worker& from, bool is_premature) const noexcept {
    const std::lock_guard lock(pool_.mutex);
    from.is_receiving = false;
    from.receiver.expect_supervisor();
    if (from.channel.is_lost()) return pool_.box.kick();  // who buries it reads what there is
    const bool is_for_later = is_premature && from.is_streaming;
    const bool has_victim = from.has_victim.load(base::relaxed);
    if (has_victim || (!is_for_later && from.receiver.has_results())) from.channel.tell_supervisor();
  }

  /// After all has been read. What has come since may be the answer: a worker answers before it begins the next call.
  void kill_for_victim(pool_worker& worker) const noexcept {
    if (!worker.has_victim.load(base::relaxed)) return;
    const std::lock_guard lock(pool_.mutex);
    if (worker.victim == nullptr || worker.receiver.has_results()) return;
    pool_state::forget_victim(worker, *worker.victim);
    pool_.doom(worker);
  }

 private:
  static constexpr std::size_t most_in_a_turn = 4096;

  /// Ends the calls whose results were read, and does what is due then.
  void settle(result_batch& mine, pool_worker& from, received outcome) const {
    mine.flush();
    if (outcome == received::nothing && mine.is_empty()) return;
    std::unique_lock lock(pool_.mutex);
    mine.account();
    if (outcome == received::garbage && !from.channel.is_lost()) pool_.condemn(from);
    pool_.tend(from);
    dispatcher(pool_).dispatch(lock);
  }

  [[nodiscard]] bool is_still_with(const remote_call& call, const pool_worker& asked) const noexcept {
    const std::lock_guard lock(pool_.mutex);
    return pool_state::is_with_worker(call) && call.worker == &asked;
  }

  pool_state& pool_;
};

}  // namespace heddle::process
