// SPDX-License-Identifier: MIT
// What a pool is told of the workers that it has ordered.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
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

  /// There is memory for all that will be said of so many workers. Throws std::bad_alloc.
  void make_room(std::size_t workers) {
    const std::lock_guard lock(mutex_);
    reports_.reserve(most_of_worker * workers);
  }

  /// Drops it if there is no memory, which make_room() has made.
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

  [[nodiscard]] std::optional<delivered_report> try_take() noexcept {
    const std::lock_guard lock(mutex_);
    if (taken_ != reports_.size()) return std::move(reports_[taken_++]);
    reports_.clear();  // which keeps its memory
    taken_ = 0;
    return std::nullopt;
  }

  /// Wakes the supervisor.
  void kick() const noexcept { kicked_.signal(); }

 private:
  static constexpr std::size_t most_of_worker = 3;  // started, ended, lost

  const event_descriptor& kicked_;
  std::mutex mutex_;
  std::vector<delivered_report> reports_;
  std::size_t taken_ = 0;  // of these
};

}  // namespace heddle::process
