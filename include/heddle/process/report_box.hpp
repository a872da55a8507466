// SPDX-License-Identifier: MIT
// What a pool is told of the workers that it has ordered.
#pragma once

#include <mutex>
#include <utility>
#include <vector>

#include <heddle/process/child.hpp>
#include <heddle/process/event_descriptor.hpp>
#include <heddle/process/server_messages.hpp>

namespace heddle::process {

/// A report, and the handle of a worker that was started.
struct delivered_report {
  server_report report;
  process_handle started;
};

/// Any thread puts reports in; the pool's supervisor, which waits for `kicked`, takes them out.
class report_box {
 public:
  explicit report_box(const event_descriptor& kicked) noexcept : kicked_(kicked) {}

  /// Drops it if there is no memory: the worker's own handle tells of its end, too.
  void put(const server_report& report, process_handle started) noexcept {
    {
      const std::lock_guard lock(mutex_);
      try {
        reports_.push_back({report, std::move(started)});
      } catch (...) {
        return;
      }
    }
    kick();
  }

  [[nodiscard]] std::vector<delivered_report> take_all() noexcept {
    const std::lock_guard lock(mutex_);
    return std::exchange(reports_, {});
  }

  /// Wakes the supervisor.
  void kick() const noexcept { kicked_.signal(); }

 private:
  const event_descriptor& kicked_;
  std::mutex mutex_;
  std::vector<delivered_report> reports_;
};

}  // namespace heddle::process
