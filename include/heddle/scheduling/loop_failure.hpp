// SPDX-License-Identifier: MIT
// Which of several failures of a loop counts: the one that a sequential loop would have met first.
#pragma once

#include <cstdint>
#include <exception>
#include <limits>
#include <mutex>
#include <utility>

#include <heddle/base/atomic.hpp>

namespace heddle::scheduling {

/// Nothing beyond the lowest failed index is begun once that is known, everything before it runs: so what is left in
/// the end does not depend on who ran what. `failure_` is written under `mutex_`; `at_` too, and it is also read
/// outside it, as a hint to stop.
class loop_failure {
 public:
  /// True if an index before `index` has failed. Relaxed: a hint.
  [[nodiscard]] bool is_before(std::uint64_t index) const noexcept { return index > at_.load(base::relaxed); }

  void keep(std::uint64_t at, std::exception_ptr failure) noexcept {
    const std::lock_guard lock(mutex_);
    if (at >= at_.load(base::relaxed)) return;  // relaxed: written under the mutex only
    failure_ = std::move(failure);
    at_.store(at, base::relaxed);  // relaxed: as above
  }

  /// For the one who started the loop, when every other thread has left it.
  void rethrow() {
    if (failure_ != nullptr) std::rethrow_exception(std::move(failure_));
  }

 private:
  static constexpr std::uint64_t none = (std::numeric_limits<std::uint64_t>::max)();

  base::atomic<std::uint64_t> at_{none};
  std::mutex mutex_;
  std::exception_ptr failure_;
};

}  // namespace heddle::scheduling
