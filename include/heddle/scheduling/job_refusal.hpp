// SPDX-License-Identifier: MIT
// Which of a pool's jobs are refused where they would be run.
#pragma once

#include <cstdint>
#include <exception>
#include <utility>

#include <heddle/base/atomic.hpp>
#include <heddle/base/cpu.hpp>
#include <heddle/queue/job.hpp>

namespace heddle::scheduling {

/// None; those that were queued when the pool was shut down, also while a worker has them in its hands; or all, since
/// the pool is broken. Any thread.
///
/// `failure_` is written once, before `refusing_` says that the pool is broken; then it stays so.
class job_refusal {
 public:
  void refuse_queued() noexcept {
    auto none = refuses::nothing;
    // relaxed: a worker may see it late, as if it had begun its call before.
    refusing_.compare_exchange_strong(none, refuses::queued, base::relaxed, base::relaxed);
  }

  /// The first call counts. The pool is broken when it returns.
  void refuse_all(std::exception_ptr why) noexcept {
    if (claimed_failure_.exchange(true, base::relaxed)) {  // relaxed: the first one to fail writes failure_
      while (!is_broken()) base::pause();
      return;
    }
    failure_ = std::move(why);
    // [job_refusal.1] release: who sees the pool broken reads failure_.
    refusing_.store(refuses::all, base::release);
  }

  // [job_refusal.1] acquire: see refuse_all().
  [[nodiscard]] bool is_broken() const noexcept { return refusing_.load(base::acquire) == refuses::all; }

  /// Throws what broke the pool, if it is broken.
  void rethrow_if_broken() const {
    if (is_broken()) [[unlikely]]
      std::rethrow_exception(failure_);
  }

  /// Runs the job, or refuses it.
  void run(queue::job& given) const noexcept {
    // [job_refusal.1] acquire: see refuse_all().
    const refuses refusing = refusing_.load(base::acquire);
    if (refusing == refuses::nothing) [[likely]]
      return given.run();
    given.refuse(refusing == refuses::all ? queue::refusal{.error = failure_} : as_cancelled());
  }

  /// What ends a job as cancelled, and counts it.
  [[nodiscard]] queue::refusal as_cancelled() const noexcept { return {.ended = &cancelled_}; }

  /// How many have ended so since this was called last.
  [[nodiscard]] std::size_t take_cancelled() noexcept {
    return cancelled_.exchange(0, base::relaxed);  // relaxed: a count
  }

 private:
  enum class refuses : std::uint8_t { nothing, queued, all };

  std::exception_ptr failure_;
  base::atomic<bool> claimed_failure_{false};
  base::atomic<refuses> refusing_{refuses::nothing};
  mutable base::atomic<std::size_t> cancelled_{0};
};

}  // namespace heddle::scheduling
