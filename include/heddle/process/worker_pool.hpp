// SPDX-License-Identifier: MIT
// Workers, the calls that they have, and those that wait for one.
#pragma once

#include <signal.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <list>
#include <memory>
#include <mutex>
#include <new>
#include <span>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <heddle/base/atomic.hpp>
#include <heddle/base/fork_count.hpp>
#include <heddle/process/descriptor.hpp>
#include <heddle/process/environment.hpp>
#include <heddle/process/event_descriptor.hpp>
#include <heddle/process/pool_worker.hpp>
#include <heddle/process/remote_call.hpp>
#include <heddle/process/report_box.hpp>
#include <heddle/process/server_messages.hpp>
#include <heddle/process/start_method.hpp>
#include <heddle/process/surroundings.hpp>
#include <heddle/process/vector_sink.hpp>
#include <heddle/process/worker_died.hpp>
#include <heddle/process/worker_link.hpp>
#include <heddle/process/worker_starter.hpp>

namespace heddle::process {

struct worker_pool_settings {
  std::size_t max_workers = 1;
  std::uint64_t max_calls = UINT64_MAX;  // of one worker, which ends then
  unsigned attempts = 1;                 // how many workers may die of a call
  bool breaks = false;                   // it takes no more calls when a worker has died
  process::start_method start_method = process::start_method::automatic;
  std::uint32_t threads = 1;  // that libraries are to start in a worker
  std::shared_ptr<const worker_setup> setup;
  std::chrono::nanoseconds setup_limit{0};  // zero: none
  // What the users of the pool know these as.
  std::exception_ptr (*make_start_error)(const std::exception_ptr& error) noexcept = nullptr;
  std::exception_ptr (*make_broken)(const char* why, const std::exception_ptr& inside) noexcept = nullptr;
  std::exception_ptr (*make_setup_timeout)() noexcept = nullptr;
  worker_settings worker;
};

/// No call passes through a thread of the pool's own: who submits writes it to a worker, who waits for it reads what
/// came of it. The supervisor (supervisor.hpp) does what nobody is there for.
///
/// `mutex_` is held for moments only, and never while anything of the user's runs. Sending to a worker, and receiving
/// from it, are turns that one thread has at a time: `is_sending`, `is_receiving`.
class worker_pool {
 public:
  using clock = std::chrono::steady_clock;

  /// Starts the fork server if there is none. Throws as worker_starter::of_this_process() and begin().
  explicit worker_pool(const worker_pool_settings& settings)
      : settings_(settings),
        starter_(worker_starter::of_this_process(settings.start_method)),
        kicked_(event_descriptor::make()),
        box_(kicked_),
        where_(surroundings::of_this_process()),
        folder_(surroundings::working_folder()),
        environment_(environment_of_workers(settings.threads).as_file()),
        setup_values_(settings.setup == nullptr ? std::vector<std::byte>() : encoded(*settings.setup)) {
    starter_.begin();
  }
  worker_pool(const worker_pool&) = delete;
  worker_pool& operator=(const worker_pool&) = delete;
  ~worker_pool() {
    // Of a pool that was left behind, these are the parent's.
    if (!is_of_this_process()) {
      static_cast<void>(new (std::nothrow) auto(std::move(workers_)));
      static_cast<void>(new (std::nothrow) auto(std::move(asides_)));
      return;
    }
    for (const auto& each : workers_) starter_.forget(each->serial);
  }

  /// False in the child of a fork, which has neither its threads nor its workers.
  [[nodiscard]] bool is_of_this_process() const noexcept { return made_in_ == base::fork_count(); }

  // ---- any thread

  /// False if the pool is closed, or broken.
  [[nodiscard]] bool try_push(remote_call& call) {
    std::unique_lock lock(mutex_);
    if (is_closed_ || broken_ != nullptr) return false;
    ++unfinished_;
    call.where = remote_call::place::queued;
    waiting_.push_back(call);
    dispatch(lock);
    return true;
  }

  /// Somebody has cancelled the call, which try_claim() has not claimed. It is dropped, now or soon.
  void cancelled(remote_call& call) noexcept {
    if (!is_of_this_process()) return;
    {
      const std::lock_guard lock(mutex_);
      note_cancelled(call);
    }
    drop_all();
  }

  /// No call is taken from now on. The supervisor ends when those that there are have ended.
  void close() noexcept {
    if (!is_of_this_process()) return;
    {
      const std::lock_guard lock(mutex_);
      is_closed_ = true;
    }
    box_.kick();
  }

  /// Ends calls that no worker has begun as cancelled. Returns how many.
  std::size_t cancel_waiting() noexcept {
    if (!is_of_this_process()) return 0;
    call_list taken;
    std::size_t count = 0;
    {
      const std::lock_guard lock(mutex_);
      cancels_ = true;
      for (const auto& each : workers_) requeue_unbegun(*each);
      for (remote_call* next = waiting_.first(); next != nullptr;) {
        remote_call& call = *std::exchange(next, call_list::after(*next));
        if (!call.try_claim()) continue;  // its canceller is about to say so
        waiting_.remove(call);
        call.where = remote_call::place::nowhere;
        taken.push_back(call);
      }
    }
    while (remote_call* const call = taken.try_pop_front()) {
      ++count;
      finish(call->end_cancelled() ? call : nullptr);
    }
    drop_all();
    return count;
  }

  /// Sends the workers a signal, of which they are to die.
  void signal_workers(int signal) noexcept {
    if (!is_of_this_process()) return;
    const std::lock_guard lock(mutex_);
    for (const auto& each : workers_) {
      each->due_signal = signal;
      if (each->handle.is_open()) each->handle.send_signal(signal);
    }
  }

  /// Why it takes no calls; null if it does.
  [[nodiscard]] std::exception_ptr why_broken() const {
    const std::lock_guard lock(mutex_);
    return broken_;
  }

  struct counts {
    std::size_t workers = 0;       ///< processes that there are
    std::size_t waiting = 0;       ///< calls that no worker has
    std::size_t with_workers = 0;  ///< calls that a worker runs, or has got already to run next
    std::uint64_t done = 0;        ///< calls that a worker has answered
    std::uint64_t died = 0;        ///< workers that have ended by themselves, or that somebody else has killed
  };
  [[nodiscard]] counts count() const noexcept {
    const std::lock_guard lock(mutex_);
    counts found{.done = done_, .died = died_};
    for (const auto& each : workers_) {
      found.workers += each->has_ended ? 0U : 1U;
      found.with_workers += each->outstanding;
    }
    found.waiting = unfinished_ - std::min(unfinished_, found.with_workers);
    return found;
  }

  [[nodiscard]] std::vector<pid_t> worker_pids() const {
    const std::lock_guard lock(mutex_);
    std::vector<pid_t> found;
    for (const auto& each : workers_) {
      if (each->is_started && !each->has_ended) found.push_back(static_cast<pid_t>(each->end.pid));
    }
    return found;
  }

 private:
  friend class result_batch;
  friend class result_reader;
  friend class supervisor;

  static constexpr std::size_t most_at_once = 32;  // calls that are sent, or results that are read, in one turn
  static constexpr std::chrono::seconds longest_leave{2};
  static constexpr std::chrono::seconds longest_rest{1};  // of a result that nobody wants any more

  static std::vector<std::byte> encoded(const worker_setup& setup) {
    vector_sink values;
    setup.encode(values);
    return values.take();
  }

  /// That of this process; it says to libraries how many threads to start, where the program does not say so already.
  static environment environment_of_workers(std::uint32_t threads) {
    environment found = environment::of_this_process();
    for (const char* name : {"HEDDLE_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"})
      found.set_default(name, std::to_string(threads));
    return found;
  }

  [[nodiscard]] spawn_order::way way_of_start() const noexcept {
    return settings_.start_method == start_method::spawn ? spawn_order::way::execute : spawn_order::way::fork;
  }

  // ---- calls. Under the lock.

  void note_cancelled(remote_call& call) noexcept {
    using enum remote_call::place;
    call.is_cancelled = true;
    switch (call.where) {
      case queued:
        waiting_.remove(call);
        return drop(call);
      case sending:
        if (call.worker->is_streaming) doom(*call.worker);
        return;
      case given:
        return take_back_cancelled(*call.worker, call);
      case reading:
        // What the worker writes may never come to an end; but if it does, it runs something else by now.
        call.worker->read_limit.start(longest_rest);
        return box_.kick();
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
    to_drop_.push_back(call);
    box_.kick();
  }

  /// Not under the lock.
  void drop_all() noexcept {
    for (;;) {
      std::unique_lock lock(mutex_);
      remote_call* const call = to_drop_.try_pop_front();
      if (call == nullptr) return;
      lock.unlock();
      call->drop();
      lock.lock();
      note_finished(1);
    }
  }

  void note_finished(std::size_t count) noexcept {
    unfinished_ -= count;
    if (unfinished_ == 0 && is_closed_) box_.kick();
  }

  void take_back_cancelled(pool_worker& from, remote_call& call) noexcept {
    if (from.link.try_revoke(call)) {
      if (!from.link.take_given(call)) return;  // who reads what came of it drops it
      note_left(from, call);
      drop(call);
      if (from.is_receiving) from.link.wake_waiters();
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
    worker.has_victim.store(true, base::relaxed);  // relaxed, as all of it: the lock orders what follows from it
    if (worker.is_receiving) {
      worker.link.wake_waiters();
    } else {
      worker.link.tell_supervisor();
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
    if (worker.outstanding == 0) worker.idle_since = ++idle_clock_;
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
    from.link.revoke_newest(most, [&](remote_call& call) {
      note_left(from, call);
      requeue(call);
    });
    if (from.outstanding != before && from.is_receiving) from.link.wake_waiters();
  }

  void requeue(remote_call& call) noexcept {
    if (call.is_cancelled) return drop(call);
    call.where = remote_call::place::queued;
    waiting_.push_front(call);
  }

  /// The worker is to be killed. What it has not begun is taken back first, so that nothing else dies of it. Where
  /// somebody sends it a call, that happens afterwards, but for one that it gets piece by piece: it has nothing else.
  void doom(pool_worker& worker) noexcept {
    worker.is_doomed = true;
    requeue_unbegun(worker);
    if ((!worker.is_sending || worker.is_streaming) && worker.handle.is_open()) worker.handle.send_signal(SIGKILL);
    box_.kick();
  }

  /// It has done what no worker does.
  void condemn(pool_worker& worker) noexcept {
    worker.end.cause = death_cause::killed_by_pool;
    worker.link.lose();
    doom(worker);
  }

  /// Nothing is taken from now on; what there is fails with `why`.
  void break_down(std::exception_ptr why) noexcept {
    if (broken_ != nullptr) return;
    broken_ = std::move(why);
    for (const auto& each : workers_) doom(*each);
  }

  /// What is due for the worker, after anything has changed.
  void tend(pool_worker& worker) noexcept {
    if (worker.link.is_lost()) {
      requeue_unbegun(worker);
      box_.kick();
    }
    if (worker.is_doomed) return doom(worker);
    if (worker.is_sending || worker.is_leaving || !worker.is_used_up(settings_.max_calls)) return;
    requeue_unbegun(worker);
    if (worker.outstanding != 0) return;
    worker.is_leaving = worker.link.try_send_leave();
    if (!worker.is_leaving) return doom(worker);
    worker.limit.start(longest_leave);
    box_.kick();
  }

  // ---- sending

  /// Sends what waits, as far as there are workers for it.
  void dispatch(std::unique_lock<std::mutex>& lock) {
    do {
      while (remote_call* const call = broken_ == nullptr && !cancels_ ? waiting_.first() : nullptr) {
        const chosen to = choose(*call);
        if (to.worker == nullptr) break;
        send(lock, *to.worker, to.most);
      }
    } while (waiting_.empty() && takes_from_busy());
    if (waiting_.empty()) return;
    if (broken_ != nullptr) return fail_waiting(lock, broken_);
    if (workers_.empty() && start_error_ != nullptr) fail_waiting(lock, start_error_);
  }

  /// Who gets calls, and how many at most.
  struct chosen {
    pool_worker* worker = nullptr;
    std::size_t most = 1;
  };

  /// The worker that was busy last of those that have nothing to do; or a new one; or the one that has least.
  [[nodiscard]] chosen choose(const remote_call& call) noexcept {
    pool_worker* idle = nullptr;
    pool_worker* least = nullptr;
    std::size_t there = 0;
    std::size_t useful = 0;
    for (const auto& each : workers_) {
      if (each->has_place()) ++there;
      if (!each->may_get_calls() || each->left_of(settings_.max_calls) == 0) continue;
      ++useful;
      if (each->outstanding == 0) {
        if (idle == nullptr || each->idle_since > idle->idle_since) idle = each.get();
      } else if (least == nullptr || each->outstanding < least->outstanding) {
        least = each.get();
      }
    }
    const bool is_alone = useful == 1 && there == settings_.max_workers;
    if (idle != nullptr) return {idle, is_alone ? idle->depth : 1};
    if (there < settings_.max_workers) {
      if (pool_worker* const started = try_start()) return {started};
    }
    if (least == nullptr || call.wants_worker_alone() || least->outstanding >= least->depth) return {};
    const std::size_t room = least->depth - least->outstanding;
    return {least, is_alone ? room : (room + 1) / 2};
  }

  /// Null if it cannot be started now.
  [[nodiscard]] pool_worker* try_start() noexcept {
    if (clock::now() < next_start_) return nullptr;
    try {
      auto made = std::make_unique<pool_worker>(settings_.worker);
      workers_.reserve(workers_.size() + 1);
      const std::array given = {folder_.number(), environment_.number(), made->link.memory(),
                                made->link.bell().number(), made->link.notices()};
      if (settings_.setup != nullptr) made->link.send_setup(settings_.setup->function(), setup_values_);
      made->is_set_up = settings_.setup == nullptr;
      made->serial = starter_.order({.how = way_of_start(), .where = where_}, given, box_);
      made->idle_since = ++idle_clock_;
      workers_.push_back(std::move(made));
      box_.kick();  // it is to be watched
      return workers_.back().get();
    } catch (...) {
      note_start_error(std::current_exception());
      return nullptr;
    }
  }

  void note_start_error(const std::exception_ptr& error) noexcept {
    start_error_ = settings_.make_start_error(error);
    next_start_ = clock::now() + std::chrono::milliseconds(100);
    box_.kick();
  }

  void begin_sending(remote_call& call, pool_worker& to) noexcept {
    call.where = remote_call::place::sending;
    call.worker = &to;
    to.sent.push_back(call);
    to.is_sending = true;
    if (++to.outstanding == 1) to.last_done = clock::now();
    if (call.time_limit.count() == 0) return;
    to.timed = &call;
  }

  /// Of the call that the worker has alone, if it has that, and can begin it.
  void start_clock(pool_worker& of) noexcept {
    const bool has_it = !of.is_sending || of.has_begun_to_get;
    if (of.timed == nullptr || !of.is_ready || !has_it) return;
    of.limit.start(of.timed->time_limit);
    box_.kick();
  }

  /// Sends the first call that waits, and up to `most` in all of those behind it.
  void send(std::unique_lock<std::mutex>& lock, pool_worker& to, std::size_t most) {
    std::array<remote_call*, most_at_once> calls;
    std::size_t count = 0;
    most = std::min({most, most_at_once, to.left_of(settings_.max_calls)});
    do {
      remote_call& call = *waiting_.try_pop_front();
      calls[count++] = &call;
      begin_sending(call, to);
      if (call.is_large) return send_aside(lock, call, to);
      if (call.wants_worker_alone()) break;
    } while (count < most && !waiting_.empty() && !waiting_.first()->wants_worker_alone());
    std::exception_ptr error;
    lock.unlock();
    const std::size_t given = to.link.send(std::span(calls).first(count), error);
    lock.lock();
    for (std::size_t each = count; each > given + 1; --each) {
      note_unsent(to, *calls[each - 1]);
      requeue(*calls[each - 1]);
    }
    if (given == count) return end_sending(to);
    remote_call& unsent = *calls[given];
    if (error == nullptr && to.outstanding == 1) {
      unsent.is_large = true;
      return send_aside(lock, unsent, to);
    }
    end_unsent(lock, to, unsent, error);
  }

  /// Of the calls that were given, some may be done, and gone.
  void end_sending(pool_worker& to) noexcept {
    to.is_sending = false;
    if (!std::exchange(to.has_begun_to_get, false)) start_clock(to);
    // There may be an answer that came too early.
    if (std::exchange(to.is_streaming, false)) to.link.tell_supervisor();
    std::array<remote_call*, most_at_once> cancelled;
    std::size_t count = 0;
    while (remote_call* const call = to.sent.try_pop_front()) {
      call->where = remote_call::place::given;
      if (call->is_cancelled) cancelled[count++] = call;
    }
    // Each may have others taken back, which are in other lists then.
    for (remote_call* const call : std::span(cancelled).first(count)) {
      if (call->where == remote_call::place::given) take_back_cancelled(to, *call);
    }
    if (to.victim != nullptr && !to.has_victim.load(base::relaxed)) kill_unless_answered(to, *to.victim);
    if (cancels_) requeue_unbegun(to);
    tend(to);
  }

  /// It was not given, and is in no list.
  void note_unsent(pool_worker& to, remote_call& call) noexcept {
    to.sent.remove(call);
    note_left(to, call);
    call.where = remote_call::place::returned;
  }

  /// The last one of those that were to be sent was not given.
  void end_unsent(std::unique_lock<std::mutex>& lock, pool_worker& to, remote_call& call,
                  const std::exception_ptr& error) {
    note_unsent(to, call);
    call.is_large = call.is_large || !to.link.is_lost();
    if (error == nullptr) requeue(call);  // before those that were given, which are older
    end_sending(to);
    if (to.is_receiving) to.link.wake_waiters();  // for this call, maybe
    if (error != nullptr) fail(lock, call, error);
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
    if (tells) {
      to_tell_.push_back(call);
      box_.kick();
    } else {
      note_finished(1);
    }
  }

  void finish(remote_call* to_tell) noexcept {
    const std::lock_guard lock(mutex_);
    if (to_tell == nullptr) return note_finished(1);
    to_tell_.push_back(*to_tell);
    box_.kick();
  }

  void fail_waiting(std::unique_lock<std::mutex>& lock, std::exception_ptr error) {
    const std::exception_ptr kept = std::move(error);
    while (remote_call* const call = waiting_.try_pop_front()) fail(lock, *call, kept);
  }

  /// If a worker has nothing to do, or another one can be started, half of what one has and has not begun waits for it
  /// from now on. Whether anything does.
  [[nodiscard]] bool takes_from_busy() noexcept {
    bool is_one_idle = false;
    pool_worker* most = nullptr;
    std::size_t there = 0;
    for (const auto& each : workers_) {
      if (each->has_place()) ++there;
      const bool is_free = each->outstanding == 0 && each->may_get_calls() && each->answered < settings_.max_calls;
      is_one_idle = is_one_idle || is_free;
      if (each->outstanding > 1 && !each->is_sending && (most == nullptr || each->outstanding > most->outstanding))
        most = each.get();
    }
    if (most == nullptr) return false;
    if (!is_one_idle && (there >= settings_.max_workers || clock::now() < next_start_)) return false;
    requeue_unbegun(*most, most->outstanding / 2);
    return !waiting_.empty();
  }

  /// In a thread of its own, for it takes its time and waits for the worker; or here if there is none.
  void send_aside(std::unique_lock<std::mutex>& lock, remote_call& call, pool_worker& to) {
    to.is_streaming = true;
    aside(lock, [this, &call, &to] { stream_call(call, to); });
  }

  void stream_call(remote_call& call, pool_worker& to) {
    std::exception_ptr error;
    bool was_sent = false;
    bool is_lost = false;
    try {
      to.link.stream_call(call, [&] {
        const std::lock_guard lock(mutex_);
        to.has_begun_to_get = true;
        start_clock(to);
      });
      was_sent = true;
    } catch (const worker_is_lost&) {
      is_lost = true;
    } catch (...) {
      error = std::current_exception();
    }
    std::unique_lock lock(mutex_);
    if (is_lost) was_sent = to.has_begun_to_get;
    if (is_lost && !to.link.is_lost()) condemn(to);
    if (was_sent) {
      end_sending(to);
    } else {
      end_unsent(lock, to, call, error);
    }
    dispatch(lock);
  }

  // ---- threads for what takes long

  /// In a thread of the pool's own.
  static void block_signals() noexcept {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  }

  struct long_piece {
    std::thread thread;
    bool is_over = false;
  };

  template <class Work>
  void aside(std::unique_lock<std::mutex>& lock, const Work& work) {
    try {
      long_piece& made = asides_.emplace_back();
      try {
        made.thread = std::thread([this, &made, work] {
          block_signals();
          work();
          const std::lock_guard end(mutex_);
          made.is_over = true;
          box_.kick();
        });
        return;
      } catch (...) {
        asides_.pop_back();
      }
    } catch (...) {
      // No memory: as without a thread.
    }
    lock.unlock();
    work();
    lock.lock();
  }

  const worker_pool_settings settings_;
  worker_starter& starter_;
  const event_descriptor kicked_;
  report_box box_;
  const surroundings where_;
  const descriptor folder_;
  const descriptor environment_;
  const std::vector<std::byte> setup_values_;

  const std::uint32_t made_in_ = base::fork_count();

  mutable std::mutex mutex_;
  call_list waiting_;
  call_list to_tell_;
  call_list to_drop_;
  std::vector<std::unique_ptr<pool_worker>> workers_;
  std::list<long_piece> asides_;
  std::size_t unfinished_ = 0;  // calls, with those to be told
  std::uint64_t idle_clock_ = 0;
  std::uint64_t done_ = 0;
  std::uint64_t died_ = 0;
  unsigned failed_starts_ = 0;  // in a row
  std::exception_ptr start_error_;
  std::exception_ptr broken_;
  clock::time_point next_start_ = clock::time_point::min();
  bool is_closed_ = false;
  bool cancels_ = false;  // what waits
};

}  // namespace heddle::process
