// SPDX-License-Identifier: MIT
// Threads of which one at a time does what must never wait for long.
#pragma once

#include <sys/timerfd.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <thread>
#include <utility>

#include <heddle/process/descriptor.hpp>
#include <heddle/process/thread_list.hpp>

namespace heddle::process {

/// One thread has the turn. Where it does something that may take long, it sets out and comes back; if it is not back
/// in time, or says that it will not be, the turn goes to another thread, which sleeps until then. That starts the next
/// one that sleeps, and who comes back too late ends. So a turn that is always short wakes nobody.
///
///     if (it has the turn) {
///       relay.set_out();
///       does what may take long;
///       has it the turn still? = relay.come_back(run);
///     }
class relay {
 public:
  enum class leg : std::uint8_t { over, lost };  // there is nothing more to do, for nobody; another thread has the turn

  static constexpr std::chrono::milliseconds longest{5};

  /// Throws std::system_error.
  relay() : late_(descriptor::made_by(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), "timerfd_create")) {}
  relay(const relay&) = delete;
  relay& operator=(const relay&) = delete;
  ~relay() = default;  // waits for the end of the threads

  /// Starts the first thread, once. Whoever has the turn calls `run()`, which returns a `leg`. Throws
  /// std::system_error.
  template <class Run>
  void start(const Run& run) {
    start_thread(run, place::first);
  }

  /// Waits for the end of all threads, which is due when one has returned leg::over. Any thread but those.
  void join() noexcept { threads_.join_all(); }

  /// In the child of a fork, which does not have the threads.
  void leave_behind() noexcept { threads_.leave_behind(); }

  /// Whether this thread is one of those, whoever has the turn.
  [[nodiscard]] bool runs_this_thread() const noexcept { return threads_.runs_this_thread(); }

  // ---- in such a thread

  [[nodiscard]] bool has_turn() const noexcept {
    const std::lock_guard lock(mutex_);
    return is_mine();
  }
  void set_out() noexcept {
    const std::lock_guard lock(mutex_);
    is_away_ = true;
    set_timer(longest);
  }
  /// False if it does not have the turn any more. Where there could be no thread that waits for it, there is one now,
  /// that calls run(), if the system has one.
  template <class Run>
  [[nodiscard]] bool come_back(const Run& run) noexcept {
    {
      const std::lock_guard lock(mutex_);
      if (!is_mine()) return false;
      is_away_ = false;
      set_timer(std::chrono::nanoseconds(0));
      if (has_next_ || is_over_) return true;
    }
    try_start_next(run);
    return true;
  }
  /// Who has set out will not be back soon. If it has the turn, another thread gets that, if there can be one.
  void give_up() noexcept {
    const std::lock_guard lock(mutex_);
    if (is_mine()) set_timer(std::chrono::nanoseconds(1));
  }
  /// Joins threads that have ended.
  void join_ended() noexcept { threads_.join_ended(); }

 private:
  enum class place : std::uint8_t { first, next };

  template <class Run>
  void start_thread(const Run& run, place as) {
    const std::lock_guard lock(mutex_);
    threads_.start([this, run, as] { take_part(run, as); }, [] {});
    has_next_ = as == place::next;
  }

  template <class Run>
  void take_part(const Run& run, place as) noexcept {
    if (as == place::next && !wait_for_turn()) return;
    do {
      take_turn();
      try_start_next(run);
      if (run() == leg::over) return end_all();
    } while (is_next_again() && wait_for_turn());
  }

  /// Without one, the turn stays with who has it for as long as that takes. It is not tried all the time.
  template <class Run>
  void try_start_next(const Run& run) noexcept {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_try_) return;
    next_try_ = now + std::chrono::milliseconds(100);
    try {
      start_thread(run, place::next);
    } catch (...) {
      return;
    }
    next_try_ = now;
  }

  void take_turn() noexcept {
    const std::lock_guard lock(mutex_);
    whose_ = std::this_thread::get_id();
    has_next_ = is_away_ = false;
  }
  [[nodiscard]] bool is_mine() const noexcept { return whose_ == std::this_thread::get_id(); }

  /// False if all is over.
  [[nodiscard]] bool wait_for_turn() noexcept {
    for (;;) {
      std::uint64_t count = 0;
      retry_interrupted([&] { return ::read(late_.number(), &count, sizeof count); });
      const std::lock_guard lock(mutex_);
      if (is_over_) {
        set_timer(std::chrono::nanoseconds(1));  // one that has lost the turn may wait here, too
        return false;
      }
      if (!is_away_) continue;  // it has come back
      whose_ = std::this_thread::get_id();
      return true;
    }
  }
  /// Who has lost the turn is the next one if there is no other.
  [[nodiscard]] bool is_next_again() noexcept {
    const std::lock_guard lock(mutex_);
    return !is_over_ && !std::exchange(has_next_, true);
  }
  void end_all() noexcept {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
    set_timer(std::chrono::nanoseconds(1));  // the next one is told
  }

  /// Zero: it does not go off.
  void set_timer(std::chrono::nanoseconds after) const noexcept {
    itimerspec when{};
    when.it_value.tv_nsec = static_cast<long>(after.count());  // less than a second
    ::timerfd_settime(late_.number(), 0, &when, nullptr);
  }

  const descriptor late_;
  mutable std::mutex mutex_;
  std::thread::id whose_;
  bool is_away_ = false;
  bool is_over_ = false;
  bool has_next_ = false;                           // a thread that waits for the turn
  std::chrono::steady_clock::time_point next_try_;  // to start one, by who has the turn
  thread_list threads_;                             // last: they use the rest
};

}  // namespace heddle::process
