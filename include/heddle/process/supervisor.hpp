// SPDX-License-Identifier: MIT
// The thread of a pool of workers that does what nobody else is there for.
#pragma once

#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <list>
#include <memory>
#include <mutex>
#include <system_error>
#include <utility>
#include <vector>

#include <heddle/process/child.hpp>
#include <heddle/process/descriptor.hpp>
#include <heddle/process/pool_worker.hpp>
#include <heddle/process/relay.hpp>
#include <heddle/process/remote_call.hpp>
#include <heddle/process/result_reader.hpp>
#include <heddle/process/worker_died.hpp>
#include <heddle/process/worker_pool.hpp>
#include <heddle/process/worker_starter.hpp>
#include <heddle/sync/this_thread.hpp>

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
  explicit supervisor(worker_pool& pool)
      : pool_(pool), events_(descriptor::made_by(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) {
    if (!watch(pool_.kicked_.number(), of_kick)) throw_system_error("epoll_ctl");
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
  /// What the thread is to a callback that is about to sleep in it: others are told by another thread meanwhile.
  class telling final : public sync::thread_context {
   public:
    explicit telling(supervisor& of) noexcept : thread_context(nullptr), of_(of), here_(*this) {}
    [[nodiscard]] bool is_over() const noexcept { return is_over_; }

   private:
    void about_to_block(const queue::job*) noexcept override {
      if (!std::exchange(is_over_, true)) of_.let_others_tell();
    }
    void resumed() noexcept override {}

    supervisor& of_;
    bool is_over_ = false;
    sync::scoped_context here_;
  };

  using clock = worker_pool::clock;

  // What an event is of. The others are twice the number of a worker: of its bell, and one more: of its handle.
  static constexpr std::uint64_t of_kick = 0;
  static constexpr std::uint64_t of_server = 1;
  static constexpr std::chrono::milliseconds later{1};
  static constexpr std::chrono::milliseconds longest_report{100};
  static constexpr unsigned most_failed_starts = 3;

  /// As who has the turn.
  relay::leg run() noexcept {
    worker_pool::block_signals();
    pool_.box_.kick();  // who had it before may have left something
    for (;;) {
      watch_new();
      epoll_event found[64];
      const int count = ::epoll_wait(events_.number(), found, 64, milliseconds_until(next_time()));
      if (count < 0) note_stop();
      threads_.set_out();
      for (int i = 0; i < count && threads_.has_turn(); ++i) handle(found[i].data.u64);
      if (work()) return relay::leg::over;
      if (threads_.come_back()) continue;
      pool_.box_.kick();  // it may have heard what was for the other one
      return relay::leg::lost;
    }
  }

  /// What is to be done after anything has happened. Whether all is over. Another thread may do it at the same time.
  [[nodiscard]] bool work() noexcept {
    pool_.starter_.tend();
    for (delivered_report& each : pool_.box_.take_all()) note(each);
    look_again();
    kill_late();
    bury_dead();
    pool_.drop_all();
    tell();
    if (!threads_.has_turn()) return false;
    threads_.join_ended();
    join_asides();
    if (is_to_cancel()) pool_.cancel_waiting();
    std::unique_lock lock(pool_.mutex_);
    pool_.dispatch(lock);
    return pool_.is_closed_ && pool_.unfinished_ == 0 && send_home();
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
    const auto found = pool_.starter_.what_to_watch();
    const bool is_new = found.server != nullptr && found.generation != generation_;
    is_blind_ = is_new && !watch(found.server->number(), of_server) && errno != EBADF;
    if (is_new && !is_blind_) generation_ = found.generation;
    const std::lock_guard lock(pool_.mutex_);
    for (const auto& each : pool_.workers_) {
      if (each->serial <= last_watched_) continue;
      last_watched_ = each->serial;
      if (watch(each->link.bell().number(), 2 * each->serial)) continue;
      pool_.note_start_error(
          std::make_exception_ptr(std::system_error(errno, std::system_category(), "a worker cannot be watched")));
      pool_.doom(*each);
    }
  }

  [[nodiscard]] clock::time_point next_time() const noexcept {
    const clock::time_point of_starter = std::max(pool_.starter_.next_time(), clock::now());
    const std::lock_guard lock(pool_.mutex_);
    clock::time_point next = pool_.waiting_.empty() ? clock::time_point::max() : pool_.next_start_;
    if (next <= clock::now()) next = clock::time_point::max();
    next = std::min(next, of_starter);
    if (is_blind_) next = std::min(next, clock::now() + longest_report);
    for (const auto& each : pool_.workers_)
      next = std::min({next, each->limit.end(), each->read_limit.end(), each->bury_after, each->look_again});
    return next;
  }

  [[nodiscard]] static int milliseconds_until(clock::time_point when) noexcept {
    if (when == clock::time_point::max()) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(when - clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
  }

  /// This thread blocks all signals: where one wakes it, its program was stopped and goes on.
  void note_stop() noexcept {
    const std::lock_guard lock(pool_.mutex_);
    was_stopped_ = true;
  }

  [[nodiscard]] pool_worker* find(std::uint64_t serial) const noexcept {
    for (const auto& each : pool_.workers_) {
      if (each->serial == serial) return each.get();
    }
    return nullptr;
  }

  // ---- what happens

  void handle(std::uint64_t whose) {
    if (whose == of_kick) return pool_.kicked_.clear();
    if (whose == of_server) return pool_.starter_.hand_on();
    if (whose % 2 == 0) return receive(whose / 2);
    const std::lock_guard lock(pool_.mutex_);
    if (pool_worker* const ended = find(whose / 2)) note_end(*ended);
  }

  /// Reads what a worker has written, if nobody else does.
  void receive(serial_number serial) {
    std::unique_lock lock(pool_.mutex_);
    pool_worker* const from = find(serial);
    if (from == nullptr) return;
    from->link.bell().clear();
    from->link.send_late_notices();
    if (from->rings.is_one_too_many(from->answered, clock::now()) && !from->link.is_lost()) pool_.condemn(*from);
    from->look_again = clock::time_point::max();
    if (from->is_receiving) return;
    from->is_receiving = true;
    do {
      from->link.expect_nobody();
      const std::uint64_t before = from->answered;
      lock.unlock();
      const auto outcome = reader_.read(*from, false);
      if (outcome == worker_link::received::nothing) reader_.kill_for_victim(*from);
      if (outcome == worker_link::received::streamed) return reader_.read_rest_aside(*from);
      if (outcome == worker_link::received::premature) return reader_.hand_back(*from, false);
      lock.lock();
      if (from->answered == before || !from->is_busy()) {
        lock.unlock();
        return reader_.hand_back(*from, true);
      }
      // There will be more. It is better to look again for many than to be told of each.
      from->link.expect_supervisor_later();
    } while (from->link.has_results());
    from->is_receiving = false;
    from->look_again = clock::now() + later;
  }

  void look_again() {
    for (;;) {
      std::unique_lock lock(pool_.mutex_);
      const auto now = clock::now();
      const auto due = std::find_if(pool_.workers_.begin(), pool_.workers_.end(),
                                    [&](const auto& each) { return each->look_again <= now; });
      if (due == pool_.workers_.end()) return;
      const serial_number serial = (*due)->serial;
      lock.unlock();
      receive(serial);
    }
  }

  void note(delivered_report& delivered) {
    const std::lock_guard lock(pool_.mutex_);
    pool_worker* const about = find(delivered.report.serial);
    if (about == nullptr) return;
    switch (delivered.report.what) {
      case server_report::kind::started:
        return note_start(*about, delivered);
      case server_report::kind::failed:
        if (delivered.report.how.process != 0) leave_alone(*about);
        pool_.note_start_error(std::make_exception_ptr(
            std::system_error(delivered.report.error, std::system_category(), "a worker process cannot be started")));
        about->has_report = true;
        return note_end(*about);
      case server_report::kind::ended:
        note_cause(*about, delivered.report.how);
        about->has_report = true;
        return note_end(*about);  // it was reaped
      case server_report::kind::lost:
        if (about->end.cause == death_cause::unknown) about->end.cause = death_cause::server_lost;
        about->has_report = true;
        if (!about->is_started) note_end(*about);
        return;
      case server_report::kind::hello:
        return;
    }
  }

  void note_start(pool_worker& started, delivered_report& delivered) {
    started.is_started = true;
    started.link.was_started();
    started.end.pid = delivered.report.how.process;
    started.handle = std::move(delivered.started);
    watch(started.handle.number(), 2 * started.serial + 1);
    if (started.due_signal != 0) started.handle.send_signal(started.due_signal);
    if (started.is_doomed) {
      pool_.doom(started);
    } else {
      pool_.start_error_ = nullptr;
    }
    started.is_ready = started.is_set_up;
    pool_.start_clock(started);
    if (!started.is_set_up && pool_.settings_.setup_limit.count() != 0)
      started.limit.start(pool_.settings_.setup_limit);
  }

  /// It runs, but this process has no descriptor for its handle: it is to end by itself.
  void leave_alone(pool_worker& started) noexcept {
    started.end.pid = 0;
    pool_.requeue_unbegun(started);
    if (!started.is_sending) static_cast<void>(started.link.try_send_leave());
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
    ended.bury_after = clock::now() + longest_report;
    ended.limit.stop();
    ended.read_limit.stop();
    ended.link.lose();
    pool_.requeue_unbegun(ended);
  }

  // ---- what is to be done

  [[nodiscard]] bool is_to_cancel() const noexcept {
    const std::lock_guard lock(pool_.mutex_);
    return pool_.cancels_ && !pool_.waiting_.empty();
  }

  void kill_late() {
    const std::lock_guard lock(pool_.mutex_);
    const auto now = clock::now();
    forgive_standstill(now);
    for (const auto& each : pool_.workers_) {
      pool_worker& worker = *each;
      const bool is_late = worker.limit.is_over(now);
      if (worker.is_doomed || !(is_late || worker.read_limit.is_over(now))) continue;
      const bool is_setup_late = is_late && !worker.is_set_up && !worker.is_leaving;
      const bool is_call_late = is_late && !is_setup_late && worker.timed != nullptr;
      if (is_call_late && is_traced(static_cast<pid_t>(worker.end.pid))) {
        pool_.start_clock(worker);  // for somebody may be looking at it
        continue;
      }
      worker.timed_out = is_call_late;
      if (is_setup_late) pool_.break_down(pool_.settings_.make_setup_timeout());
      worker.limit.stop();
      worker.read_limit.stop();
      pool_.doom(worker);
    }
  }

  /// While this program stood still, its workers may have done so, too.
  void forgive_standstill(clock::time_point now) noexcept {
    const auto has_missed = [now](const auto& each) {
      return each->limit.was_missed(now) || each->read_limit.was_missed(now);
    };
    if (std::exchange(was_stopped_, false) || std::any_of(pool_.workers_.begin(), pool_.workers_.end(), has_missed)) {
      for (const auto& each : pool_.workers_) {
        each->limit.forgive(last_look_, now);
        each->read_limit.forgive(last_look_, now);
      }
    }
    last_look_ = now;
  }

  void bury_dead() {
    for (;;) {
      std::unique_lock lock(pool_.mutex_);
      const auto now = clock::now();
      const auto dead = std::find_if(pool_.workers_.begin(), pool_.workers_.end(), [&](const auto& each) {
        return each->has_ended && !each->is_sending && !each->is_receiving &&
               (each->has_report || now >= each->bury_after);
      });
      if (dead == pool_.workers_.end()) return;
      pool_worker& worker = **dead;
      worker.is_receiving = true;
      lock.unlock();
      static_cast<void>(reader_.read(worker, true));
      lock.lock();
      bury(lock, worker);
    }
  }

  void bury(std::unique_lock<std::mutex>& lock, pool_worker& worker) {
    call_list victims;  // one at most, of a worker that writes what workers write
    call_list unbegun;
    worker.link.take_all([&](remote_call& call) {
      pool_.note_left(worker, call);
      if (worker.link.was_begun(call)) {
        victims.push_back(call);
      } else {
        unbegun.push_front(call);
      }
    });
    const std::unique_ptr<pool_worker> dead = take_out(worker);
    note_failed_start(*dead, victims.empty());
    if (pool_.settings_.breaks && !was_meant(*dead)) {
      pool_.break_down(
          pool_.settings_.make_broken("a worker of this pool has died, and on_crash::break_pool() was asked for, so it "
                                      "takes no work; how it died is "
                                      "nested inside",
                                      std::make_exception_ptr(worker_died(dead->end))));
    }
    while (remote_call* const call = unbegun.try_pop_front()) pool_.requeue(*call);
    while (remote_call* const call = victims.try_pop_front()) end_victim(lock, *call, *dead);
  }

  std::unique_ptr<pool_worker> take_out(pool_worker& worker) {
    stop_watching(worker.link.bell().number());
    pool_.starter_.forget(worker.serial);
    const auto found = std::find_if(pool_.workers_.begin(), pool_.workers_.end(),
                                    [&](const auto& each) { return each.get() == &worker; });
    std::unique_ptr<pool_worker> taken = std::move(*found);
    pool_.workers_.erase(found);
    return taken;
  }

  /// A worker that dies before its first call would be replaced for ever.
  void note_failed_start(const pool_worker& dead, bool has_begun_nothing) {
    if (was_meant(dead)) return;
    ++pool_.died_;
    if (const int error = dead.link.obstacle(); error != 0 && dead.done == 0 && has_begun_nothing) {
      return pool_.note_start_error(std::make_exception_ptr(
          std::system_error(error, std::system_category(), "a worker process that was started cannot begin")));
    }
    if (dead.done != 0 || !has_begun_nothing || ++pool_.failed_starts_ < most_failed_starts) return;
    if (was_killed(dead.end)) {
      // By somebody, or for want of memory: it is worth to try again, but not all the time.
      pool_.next_start_ = clock::now() + std::chrono::milliseconds(1 << std::min(pool_.failed_starts_, 9U));
    } else {
      pool_.note_start_error(std::make_exception_ptr(worker_died(dead.end)));
    }
  }

  static bool was_meant(const pool_worker& dead) noexcept {
    const bool was_broken = dead.end.cause == death_cause::killed_by_pool;
    return dead.is_leaving || (dead.is_doomed && !was_broken) || dead.end.cause == death_cause::server_lost;
  }
  static bool was_killed(const worker_end& how) noexcept {
    return how.cause == death_cause::unknown || how.cause == death_cause::maybe_out_of_memory ||
           (how.cause == death_cause::crashed && (how.number == SIGKILL || how.number == SIGTERM));
  }

  void end_victim(std::unique_lock<std::mutex>& lock, remote_call& call, const pool_worker& dead) {
    if (call.is_cancelled) return pool_.drop(call);
    if (pool_.broken_ != nullptr && dead.is_doomed) return pool_.fail(lock, call, pool_.broken_);
    if (dead.timed_out) return pool_.fail(lock, call, call.make_timeout());
    if (++call.starts < pool_.settings_.attempts && dead.due_signal == 0) return pool_.requeue(call);
    pool_.fail(lock, call, std::make_exception_ptr(worker_died(dead.end, call.starts)));
  }

  /// One thread at a time, but for those whose callbacks wait.
  void tell() {
    std::unique_lock lock(pool_.mutex_);
    if (std::exchange(somebody_tells_, true)) return;
    while (remote_call* const call = pool_.to_tell_.try_pop_front()) {
      lock.unlock();
      telling here(*this);
      call->tell();
      lock.lock();
      pool_.note_finished(1);
      if (here.is_over()) return;
    }
    somebody_tells_ = false;
  }
  void let_others_tell() noexcept {
    {
      const std::lock_guard lock(pool_.mutex_);
      somebody_tells_ = false;
    }
    threads_.give_up();
    pool_.box_.kick();  // who has the turn already is to do that, too
  }

  void join_asides() {
    std::list<worker_pool::long_piece> over;
    {
      const std::lock_guard lock(pool_.mutex_);
      for (auto each = pool_.asides_.begin(); each != pool_.asides_.end();) {
        const auto next = std::next(each);
        if (each->is_over) over.splice(over.end(), pool_.asides_, each);
        each = next;
      }
    }
    for (auto& each : over) each.thread.join();
  }

  /// Tells the workers to end, and kills those that do not. Whether all are gone. The lock is the pool's.
  bool send_home() {
    for (const auto& each : pool_.workers_) {
      if (each->is_leaving || each->is_doomed || each->has_ended || each->is_sending) continue;
      each->is_leaving = each->link.try_send_leave();
      each->limit.start(worker_pool::longest_leave);
      if (!each->is_leaving) pool_.doom(*each);
    }
    return pool_.workers_.empty() && pool_.asides_.empty();
  }

  worker_pool& pool_;
  const result_reader reader_{pool_};
  const descriptor events_;
  std::uint64_t generation_ = 0;
  serial_number last_watched_ = 0;
  bool is_blind_ = false;  // the server cannot be watched yet
  // Under the pool's lock:
  bool somebody_tells_ = false;
  bool was_stopped_ = false;  // since the last look at the limits
  clock::time_point last_look_ = clock::now();

  relay threads_;  // last: they use the rest
};

}  // namespace heddle::process
