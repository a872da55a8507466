// SPDX-License-Identifier: MIT
// What a pool of worker processes can be asked for when it starts.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

#include <heddle/base/available_parallelism.hpp>
#include <heddle/base/usable_cpus.hpp>
#include <heddle/process/worker_pool.hpp>

namespace heddle {

/// What becomes of the call whose worker has died.
class on_crash {
 public:
  /// It fails with worker_died, and nothing else does.
  static constexpr on_crash fail_task() noexcept { return on_crash(1); }
  /// Another worker begins it anew, up to `again` times; then it fails. For calls that may be run more than once.
  static constexpr on_crash retry(unsigned again) noexcept { return on_crash(again + 1); }

  /// How many workers may die of a call.
  [[nodiscard]] constexpr unsigned attempts() const noexcept { return attempts_; }

 private:
  explicit constexpr on_crash(unsigned attempts) noexcept : attempts_(attempts) {}
  unsigned attempts_;
};

struct process_pool_options {
  /// How many processes: 1 to 4096. They are started when there are calls for them.
  std::size_t max_workers = base::available_parallelism();
  heddle::on_crash on_crash = heddle::on_crash::fail_task();
  /// After so many calls a worker ends and another one takes its place; 0: never. For calls that leak.
  std::uint64_t max_tasks_per_child = 0;
  /// How long a call may run, from when a worker gets it; zero: as long as it takes. When that is over its worker is
  /// killed, the call fails with task_timeout, and another worker takes its place. Each worker then has one call at a
  /// time, so that the time of one is not that of another.
  std::chrono::nanoseconds timeout{0};
  /// How many bytes a result may take, in memory and on its way. What is larger is an error of its call.
  std::uint64_t max_result = std::uint64_t{1} << 30U;

  static constexpr std::size_t most_workers = 4096;

  /// Throws std::invalid_argument if a number is out of its range.
  void check() const {
    if (max_workers < 1 || max_workers > most_workers) {
      throw std::invalid_argument("max_workers must be 1 to " + std::to_string(most_workers) + ", and is " +
                                  std::to_string(max_workers) + "; leave it out for one process per available CPU");
    }
    if (timeout < timeout.zero()) {
      throw std::invalid_argument("the timeout of calls must not be negative; leave it out for calls that take as long "
                                  "as they take");
    }
    if (max_result == 0) throw std::invalid_argument("max_result must not be 0: it is what a result may take, in bytes");
  }

  [[nodiscard]] process::worker_pool_settings settings() const noexcept {
    return {.max_workers = max_workers,
            .max_calls = max_tasks_per_child == 0 ? UINT64_MAX : max_tasks_per_child,
            .attempts = on_crash.attempts(),
            .worker = {.max_result = max_result, .may_spin = max_workers < base::usable_cpus::count()}};
  }
};

}  // namespace heddle
