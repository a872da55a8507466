// SPDX-License-Identifier: MIT
// The thread of a pool of workers that does what nobody else is there for.
#pragma once

#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>

#include <heddle/process/burial.hpp>
#include <heddle/process/callback_teller.hpp>
#include <heddle/process/child.hpp>
#include <heddle/process/descriptor.hpp>
#include <heddle/process/dispatcher.hpp>
#include <heddle/process/late_workers.hpp>
#include <heddle/process/pool_state.hpp>
#include <heddle/process/pool_worker.hpp>
#include <heddle/process/relay.hpp>
#include <heddle/process/report_box.hpp>
#include <heddle/process/result_reader.hpp>
#include <heddle/process/result_receiver.hpp>
#include <heddle/process/server_messages.hpp>
#include <heddle/process/worker_died.hpp>

namespace heddle::process {

/// Reads results that nobody waits for, and tells of them; learns how workers start and end, kills those that take too
/// long, and hands on what the dead have left. Sleeps otherwise.
///
/// Callbacks and continuations run in this thread, one after the other; so may what encodes arguments and decodes
/// results. Where that takes long, another thread does the rest meanwhile, all but callbacks; and these, too, where one
/// waits by heddle's means, maybe for another one.
class supervisor {
 public:
  /// Starts the thread. Throws std::system_error.
  explicit supervisor(pool_state& pool)
      : pool_(pool), events_(descriptor::made_by(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) {
    if (!watch(pool_.kicked.number(), of_kick)) throw_system_error("epoll_ctl");
    threads_.start([this] { return run(); });
  }
  supervisor(const supervisor&) = delete;
  supervisor& operator=(const supervisor&) = delete;

  /// Waits for the end of the pool, which is closed.
  void join() { threads_.join(); }

  /// In the child of a fork, which does not have the threads.
  void leave_behind() noexcept { threads_.leave_behind(); }

  [[nodiscard]] bool runs_this_thread() const noexcept { return threads_.runs_this_thread(); }

 private:
  using clock = pool_worker::clock;

  // What an event is of. The others are twice the number of a worker: of its bell, and one more: of its handle.
  static constexpr std::uint64_t of_kick = 0;
  static constexpr std::uint64_t of_server = 1;
  static constexpr std::chrono::milliseconds later{1};
  static constexpr std::chrono::milliseconds longest_report{100};
  static constexpr std::chrono::seconds longest_cause{1};  // until the server says how a worker has ended
  static constexpr int most_turns = 4;                     // of receiving from one worker, while others wait

  /// As who has the turn.
  relay::leg run() noexcept {
    pool_state::block_signals();
    pool_.box.kick();  // who had it before may have left something
    for (;;) {
      watch_new();
      epoll_event found[64];
      const int count = ::epoll_wait(events_.number(), found, 64, milliseconds_until(next_time()));
      if (count < 0) late_.note_stop();  // it blocks all signals: the system has stopped it and let it go on
      threads_.set_out();
      for (int i = 0; i < count && threads_.has_turn(); ++i) handle(found[i].data.u64);
      if (work()) return relay::leg::over;
      if (threads_.come_back([this] { return run(); })) continue;
      pool_.box.kick();  // it may have heard what was for the other one
      return relay::leg::lost;
    }
  }

  /// What is to be done after anything has happened. Whether all is over. Another thread may do it at the same time.
  [[nodiscard]] bool work() noexcept {
    pool_.workers.starter().tend();
    while (std::optional<delivered_report> next = pool_.box.try_take()) note(*next);
    look_again();
    late_.kill_late();
    burial_.bury_dead([this](const pool_worker& gone) { stop_watching(gone.channel.bell().number()); });
    pool_.drop_all();
    teller_.tell();
    if (!threads_.has_turn()) return false;
    threads_.join_ended();
    pool_.asides.join_ended();
    if (is_to_cancel()) pool_.cancel_waiting();
    std::unique_lock lock(pool_.mutex);
    dispatcher(pool_).dispatch(lock);
    return pool_.is_closed && pool_.unfinished == 0 && send_all_home();
  }

  // ---- what is waited for

  /// False if the system has no room for that; then errno says so.
  bool watch(int number, std::uint64_t whose) const noexcept {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = whose;
    return ::epoll_ctl(events_.number(), EPOLL_CTL_ADD, number, &event) == 0;
  }
  void stop_watching(int number) const noexcept { ::epoll_ctl(events_.number(), EPOLL_CTL_DEL, number, nullptr); }

  void watch_new() {
    const auto found = pool_.workers.starter().what_to_watch();
    const bool is_new = found.server != nullptr && found.generation != generation_;
    is_blind_ = is_new && !watch(found.server->number(), of_server) && errno != EBADF;
    if (is_new && !is_blind_) generation_ = found.generation;
    const std::lock_guard lock(pool_.mutex);
    for (const auto& each : pool_.workers) {
      if (each->serial <= last_watched_) continue;
      last_watched_ = each->serial;
      if (watch(each->channel.bell().number(), 2 * each->serial)) continue;
      pool_.workers.note_start_error(errno, "a worker cannot be watched");
      pool_.doom(*each);
    }
  }

  [[nodiscard]] clock::time_point next_time() const noexcept {
    const clock::time_point of_starter = std::max(pool_.workers.starter().next_time(), clock::now());
    const std::lock_guard lock(pool_.mutex);
    clock::time_point next = std::min({pool_.workers.await_next_start(), late_.next_look(), of_starter});
    if (is_blind_) next = std::min(next, clock::now() + longest_report);
    for (const auto& each : pool_.workers) {
      next = std::min(next, each->look_again);
      if (!each->is_doomed) next = std::min({next, each->limit.end(), each->read_limit.end()});
      // Who sends to it, or receives from it, says when that is over.
      if (!each->is_sending && !each->is_receiving) next = std::min(next, each->bury_after);
    }
    return next;
  }

  [[nodiscard]] static int milliseconds_until(clock::time_point when) noexcept {
    if (when == clock::time_point::max()) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(when - clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
  }

  // ---- what happens

  void handle(std::uint64_t whose) {
    if (whose == of_kick) return pool_.kicked.clear();
    if (whose == of_server) return pool_.workers.starter().hand_on();
    if (whose % 2 == 0) return receive(whose / 2);
    const std::lock_guard lock(pool_.mutex);
    if (pool_worker* const ended = pool_.workers.find(whose / 2)) note_end(*ended);
  }

  /// Reads what a worker has written, if nobody else does.
  void receive(serial_number serial) {
    std::unique_lock lock(pool_.mutex);
    pool_worker* const from = pool_.workers.find(serial);
    if (from == nullptr) return;
    from->channel.bell().clear();
    from->sender.send_late_notices();
    if (from->rings.is_one_too_many(from->answered, clock::now()) && !from->channel.is_lost()) pool_.condemn(*from);
    from->look_again = clock::time_point::max();
    if (from->is_receiving) return;
    from->is_receiving = true;
    for (int turns = 0; turns != most_turns; ++turns) {
      from->receiver.expect_nobody();
      const std::uint64_t before = from->answered;
      lock.unlock();
      const auto outcome = reader_.read(*from, [] { return false; });
      if (outcome == result_receiver::received::nothing) reader_.kill_for_victim(*from);
      if (outcome == result_receiver::received::streamed) return reader_.read_rest_aside(*from);
      if (outcome == result_receiver::received::premature) return reader_.hand_back(*from, true);
      lock.lock();
      if (from->answered == before || !from->is_busy()) {
        lock.unlock();
        return reader_.hand_back(*from, false);
      }
      // There will be more. It is better to look again for many than to be told of each.
      from->receiver.expect_supervisor_later();
      if (!from->receiver.has_results()) break;
    }
    from->is_receiving = false;
    from->look_again = clock::now() + (from->receiver.has_results() ? clock::duration::zero() : later);
  }

  void look_again() {
    const auto now = clock::now();  // those that are due once more meanwhile are the next time
    for (;;) {
      std::unique_lock lock(pool_.mutex);
      const auto due = std::find_if(pool_.workers.begin(), pool_.workers.end(), [&](const auto& each) {
        return each->look_again <= now || each->channel.take_told();
      });
      if (due == pool_.workers.end()) return;
      const serial_number serial = (*due)->serial;
      lock.unlock();
      receive(serial);
    }
  }

  void note(delivered_report& delivered) {
    const std::lock_guard lock(pool_.mutex);
    pool_worker* const about = pool_.workers.find(delivered.report.serial);
    if (about == nullptr) return;
    switch (delivered.report.what) {
      case server_report::kind::started:
        return note_start(*about, delivered);
      case server_report::kind::failed:
        about->is_left_alone = delivered.report.how.process != 0;
        pool_.workers.note_start_error(delivered.report.error, "a worker process cannot be started");
        about->could_not_start = about->has_report = true;
        return note_end(*about);
      case server_report::kind::ended:
        note_cause(*about, delivered.report.how);
        about->end.pid = delivered.report.how.process;
        about->has_report = true;
        return note_end(*about);  // it was reaped
      case server_report::kind::lost:
        if (about->end.cause == death_cause::unknown) about->end.cause = death_cause::server_lost;
        about->has_report = true;
        if (!about->is_started) note_end(*about);
        about->handle.send_signal_to_group(SIGKILL);  // which its server would have done
        return;
      case server_report::kind::hello:
        return;
    }
  }

  void note_start(pool_worker& started, delivered_report& delivered) {
    started.is_started = true;
    started.sender.was_started();
    started.end.pid = delivered.report.how.process;
    if (started.has_ended) return;  // another thread has learnt that first: with its server
    started.handle = std::move(delivered.started);
    watch(started.handle.number(), 2 * started.serial + 1);
    if (started.due_signal != 0) started.handle.send_signal(started.due_signal);
    if (started.is_doomed) {
      pool_.doom(started);
    } else {
      pool_.workers.note_start();
    }
    pool_.start_clock(started);
    const bool has_setup_limit = !started.is_set_up && pool_.settings.setup_limit.count() != 0;
    if (has_setup_limit && !started.is_leaving) started.limit.start(pool_.settings.setup_limit);
  }

  static void note_cause(pool_worker& ended, const exit_report& how) noexcept {
    if (ended.end.cause == death_cause::killed_by_pool) return;
    ended.end.cause = how.code == CLD_EXITED ? death_cause::exited : death_cause::crashed;
    // Not by the pool, and nothing else in a worker does that.
    if (ended.end.cause == death_cause::crashed && how.status == SIGKILL && ended.due_signal == 0 && !ended.is_doomed)
      ended.end.cause = death_cause::maybe_out_of_memory;
    ended.end.number = how.status;
  }

  /// No thread of it writes anything any more.
  void note_end(pool_worker& ended) {
    if (std::exchange(ended.has_ended, true)) return;
    if (ended.handle.is_open()) stop_watching(ended.handle.number());
    ended.bury_after = clock::now() + longest_cause;
    ended.limit.stop();
    ended.read_limit.stop();
    ended.channel.lose();
    pool_.requeue_unbegun(ended);
  }

  // ---- what is to be done

  [[nodiscard]] bool is_to_cancel() const noexcept {
    const std::lock_guard lock(pool_.mutex);
    return pool_.cancels_waiting && !pool_.waiting.empty();
  }

  /// Tells the workers to end, and kills those that do not. Whether all are gone. Under the lock.
  bool send_all_home() {
    for (const auto& each : pool_.workers) {
      if (!each->is_leaving && !each->is_doomed && !each->has_ended && !each->is_sending) pool_.send_home(*each);
    }
    return pool_.workers.is_empty() && pool_.asides.is_empty();
  }

  pool_state& pool_;
  const result_reader reader_{pool_};
  const burial burial_{pool_};
  late_workers late_{pool_};
  const descriptor events_;
  std::uint64_t generation_ = 0;
  serial_number last_watched_ = 0;
  bool is_blind_ = false;  // the server cannot be watched yet
  callback_teller teller_{pool_, threads_};
  relay threads_;  // last: they use the rest
};

}  // namespace heddle::process
