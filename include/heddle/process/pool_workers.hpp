// SPDX-License-Identifier: MIT
// The workers of a pool: who gets a call, and when there are more of them.
#pragma once

#include <signal.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <heddle/process/descriptor.hpp>
#include <heddle/process/environment.hpp>
#include <heddle/process/pool_worker.hpp>
#include <heddle/process/remote_call.hpp>
#include <heddle/process/report_box.hpp>
#include <heddle/process/server_messages.hpp>
#include <heddle/process/start_method.hpp>
#include <heddle/process/surroundings.hpp>
#include <heddle/process/vector_sink.hpp>
#include <heddle/process/worker_died.hpp>
#include <heddle/process/worker_pool_settings.hpp>
#include <heddle/process/worker_starter.hpp>

namespace heddle::process {

/// Under the pool's lock, but what knows no worker.
class pool_workers {
 public:
  using clock = std::chrono::steady_clock;

  /// Starts the fork server if there is none. Throws as worker_starter::of_this_process() and begin().
  pool_workers(const worker_pool_settings& settings, report_box& box)
      : settings_(settings),
        box_(box),
        starter_(worker_starter::of_this_process(settings.start_method)),
        where_(surroundings::of_this_process()),
        folder_(surroundings::working_folder()),
        environment_(environment_of_workers(settings.threads).as_file()),
        setup_values_(settings.setup == nullptr ? std::vector<std::byte>() : encoded(*settings.setup)) {
    starter_.begin();
  }
  pool_workers(const pool_workers&) = delete;
  pool_workers& operator=(const pool_workers&) = delete;
  ~pool_workers() {
    for (const auto& each : workers_) starter_.forget(each->serial);
  }
  /// In the child of a fork: they are the parent's.
  void leave_behind() noexcept { static_cast<void>(new (std::nothrow) auto(std::move(workers_))); }

  [[nodiscard]] worker_starter& starter() const noexcept { return starter_; }

  [[nodiscard]] auto begin() const noexcept { return workers_.begin(); }
  [[nodiscard]] auto end() const noexcept { return workers_.end(); }
  [[nodiscard]] bool is_empty() const noexcept { return workers_.empty(); }
  /// Null if it is gone.
  [[nodiscard]] pool_worker* find(serial_number serial) const noexcept {
    for (const auto& each : workers_) {
      if (each->serial == serial) return each.get();
    }
    return nullptr;
  }

  /// Who gets calls, and how many at most.
  struct chosen {
    pool_worker* worker = nullptr;
    std::size_t most = 1;
  };

  /// The worker that was busy last of those that have nothing to do, one that is ready if there is one; or a new one;
  /// or the one that has least.
  [[nodiscard]] chosen choose(const remote_call& call) noexcept {
    is_start_put_off_ = false;
    pool_worker* idle = nullptr;
    pool_worker* least = nullptr;
    std::size_t there = 0;
    std::size_t useful = 0;
    for (const auto& each : workers_) {
      if (each->has_place()) ++there;
      if (!each->may_get_calls() || each->left_of(settings_.max_calls) == 0) continue;
      ++useful;
      if (each->outstanding == 0 && !(call.is_large && each->is_read)) {
        if (idle == nullptr || is_better(*each, *idle)) idle = each.get();
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

  /// Who has most that others could have, if one has nothing to do or can be started; null if there is nobody. Of one
  /// that is not ready that is all, if another one is.
  [[nodiscard]] pool_worker* choose_to_take_from() noexcept {
    is_start_put_off_ = false;
    bool is_one_idle = false;
    bool is_one_ready = false;
    pool_worker* most = nullptr;
    pool_worker* unready = nullptr;
    std::size_t there = 0;
    for (const auto& each : workers_) {
      if (each->has_place()) ++there;
      const bool is_free = each->outstanding == 0 && each->may_get_calls() && each->answered < settings_.max_calls;
      is_one_idle = is_one_idle || is_free;
      is_one_ready = is_one_ready || (is_free && each->is_ready() && !each->is_read);
      if (each->outstanding == 1 && !each->is_ready() && !each->is_sending && !each->is_doomed) unready = each.get();
      if (each->outstanding > 1 && !each->is_sending && (most == nullptr || each->outstanding > most->outstanding))
        most = each.get();
    }
    if (most == nullptr && is_one_ready) return unready;
    if (is_one_idle || most == nullptr) return most;
    return there < settings_.max_workers && may_start() ? most : nullptr;
  }

  /// It has nothing to do from now on.
  void note_idle(pool_worker& worker) noexcept { worker.idle_since = ++idle_clock_; }

  std::unique_ptr<pool_worker> take_out(const pool_worker& worker) {
    starter_.forget(worker.serial);
    const auto found =
        std::find_if(workers_.begin(), workers_.end(), [&](const auto& each) { return each.get() == &worker; });
    std::unique_ptr<pool_worker> taken = std::move(*found);
    workers_.erase(found);
    return taken;
  }

  // ---- workers that cannot be started

  void note_start_error(const std::exception_ptr& error) noexcept {
    start_error_ = settings_.make_start_error(error);
    next_start_ = clock::now() + std::chrono::milliseconds(100);
    box_.kick();
  }

  void note_start_error(int error, const char* what) noexcept {
    try {
      note_start_error(std::make_exception_ptr(std::system_error(error, std::system_category(), what)));
    } catch (...) {
      note_start_error(std::current_exception());  // there is no memory to say more
    }
  }

  void note_start() noexcept { start_error_ = nullptr; }
  /// Why the last one could not be started; null if it was.
  [[nodiscard]] const std::exception_ptr& start_error() const noexcept { return start_error_; }
  /// When the next one may be started, if that was too early when somebody tried last; else the greatest time point.
  /// Whoever asks tries again then, and is kicked if it is to be earlier.
  [[nodiscard]] clock::time_point await_next_start() noexcept {
    return awaited_start_ = is_start_put_off_ ? next_start_ : clock::time_point::max();
  }

  /// A call was done.
  void note_success() noexcept { failed_starts_ = 0; }
  /// Returns whether it has died. One that does so before its first call would be replaced for ever.
  bool note_end(const pool_worker& ended, bool has_begun_nothing) {
    if (ended.could_not_start || was_meant(ended)) return false;
    if (const int error = ended.channel.obstacle(); error != 0 && ended.done == 0 && has_begun_nothing) {
      note_start_error(error, "a worker process that was started cannot begin");
      return false;
    }
    ++died_;
    if (ended.done == 0 && has_begun_nothing) note_unused(ended.end);
    return true;
  }

  /// How many have ended by themselves, or since somebody else has killed them.
  [[nodiscard]] std::uint64_t died() const noexcept { return died_; }

 private:
  static constexpr unsigned most_failed_starts = 3;

  /// For a call, of two that have nothing to do.
  static bool is_better(const pool_worker& one, const pool_worker& other) noexcept {
    return one.is_ready() != other.is_ready() ? one.is_ready() : one.idle_since > other.idle_since;
  }

  static bool was_meant(const pool_worker& ended) noexcept {
    const bool was_broken = ended.end.cause == death_cause::killed_by_pool;
    return ended.is_leaving || (ended.is_doomed && !was_broken) || ended.end.cause == death_cause::server_lost;
  }

  /// One has died before its first call.
  void note_unused(worker_end end) {
    if (++failed_starts_ < most_failed_starts) return;
    if (was_killed(end)) {
      // By somebody, or for want of memory: it is worth to try again, but not all the time.
      next_start_ = clock::now() + std::chrono::milliseconds(1 << std::min(failed_starts_, 9U));
    } else {
      end.is_unused = true;
      note_start_error(make_worker_died(end, 0));
    }
  }

  static bool was_killed(const worker_end& how) noexcept {
    return how.cause == death_cause::unknown || how.cause == death_cause::maybe_out_of_memory ||
           (how.cause == death_cause::crashed && (how.number == SIGKILL || how.number == SIGTERM));
  }

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

  [[nodiscard]] bool may_start() noexcept {
    is_start_put_off_ = clock::now() < next_start_;
    if (is_start_put_off_ && awaited_start_ != next_start_) box_.kick();
    return !is_start_put_off_;
  }

  /// Null if it cannot be started now.
  [[nodiscard]] pool_worker* try_start() noexcept {
    if (!may_start()) return nullptr;
    try {
      auto made = std::make_unique<pool_worker>(settings_.worker, box_);
      workers_.reserve(workers_.size() + 1);
      box_.make_room(workers_.size() + 1);
      const std::array given = {folder_.number(), environment_.number(), made->channel.memory(),
                                made->channel.bell().number(), made->sender.notices()};
      if (settings_.setup != nullptr)
        made->receiver.expect_setup(made->sender.send_setup(settings_.setup->function(), setup_values_));
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

  const worker_pool_settings& settings_;
  report_box& box_;
  worker_starter& starter_;
  const surroundings where_;
  const descriptor folder_;
  const descriptor environment_;
  const std::vector<std::byte> setup_values_;
  std::vector<std::unique_ptr<pool_worker>> workers_;
  std::uint64_t idle_clock_ = 0;
  std::uint64_t died_ = 0;
  unsigned failed_starts_ = 0;  // in a row
  std::exception_ptr start_error_;
  clock::time_point next_start_ = clock::time_point::min();
  clock::time_point awaited_start_ = clock::time_point::max();
  bool is_start_put_off_ = false;
};

}  // namespace heddle::process
