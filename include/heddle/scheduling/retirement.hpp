// SPDX-License-Identifier: MIT
// Workers that a pool has no use for since it was made smaller.
#pragma once

#include <cstddef>
#include <mutex>
#include <vector>

#include <heddle/base/atomic.hpp>
#include <heddle/scheduling/worker.hpp>

namespace heddle::scheduling {

/// They sleep until the pool is made larger again, or ends. Which ones retire is left to chance: those that are the
/// first to have nothing in their hands. Nobody counts on them: whoever queues something calls one that is parked, or a
/// stand-in for one that blocks, and one that searches calls another as it ends its search.
class retirement {
 public:
  /// For `workers` at most.
  explicit retirement(std::size_t workers) { retired_.reserve(workers); }

  /// So many are to retire in all; more that have are called back. Any thread.
  void set_wanted(std::size_t wanted) noexcept {
    const std::lock_guard lock(mutex_);
    if (!is_over_) want(wanted);
  }

  /// Nobody retires any more, and who has is called back, to end.
  void end() noexcept {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
    want(0);
  }

  /// Whether one more is to retire. Relaxed: a late answer lets one work on for a while.
  [[nodiscard]] bool is_wanted() const noexcept { return surplus_.load(base::relaxed) > 0; }

  /// A worker with empty hands retires until it is called back, if one more is to.
  void retire(worker& retiring) noexcept {
    {
      const std::lock_guard lock(mutex_);
      // relaxed, both: written under the mutex.
      const std::ptrdiff_t surplus = surplus_.load(base::relaxed);
      if (surplus <= 0) return;
      surplus_.store(surplus - 1, base::relaxed);
      retiring.called_in.store(false, base::relaxed);  // relaxed: its own, and under the mutex
      retired_.push_back(&retiring);                   // there is room
    }
    // relaxed: the signal orders it.
    retiring.sleep_for_lack_of_work([&retiring] { return retiring.called_in.load(base::relaxed); });
  }

 private:
  // The caller holds the mutex.
  void want(std::size_t wanted) noexcept {
    while (retired_.size() > wanted) {
      worker& called = *retired_.back();
      retired_.pop_back();
      called.called_in.store(true, base::relaxed);  // relaxed: wake() releases it
      called.wake();
    }
    // relaxed: is_wanted() reads a hint, retire() looks under the mutex.
    surplus_.store(static_cast<std::ptrdiff_t>(wanted - retired_.size()), base::relaxed);
  }

  std::mutex mutex_;
  std::vector<worker*> retired_;
  base::atomic<std::ptrdiff_t> surplus_{0};
  bool is_over_ = false;
};

}  // namespace heddle::scheduling
