// SPDX-License-Identifier: MIT
// Threads that are joined when they have ended.
#pragma once

#include <algorithm>
#include <iterator>
#include <list>
#include <mutex>
#include <new>
#include <thread>
#include <utility>

namespace heddle::process {

/// Any thread, but where it says otherwise.
class thread_list {
 public:
  thread_list() = default;
  thread_list(const thread_list&) = delete;
  thread_list& operator=(const thread_list&) = delete;
  ~thread_list() {
    if (!is_left_behind_) join_all();
  }

  /// Starts a thread for `work()` and then `tell_end()`, from which on it can be joined. Throws std::system_error,
  /// std::bad_alloc.
  template <class Work, class TellEnd>
  void start(const Work& work, const TellEnd& tell_end) {
    const std::lock_guard lock(mutex_);
    part& made = parts_.emplace_back();
    try {
      made.thread = std::thread([this, &made, work, tell_end] {
        work();
        note_end(made);
        tell_end();
      });
      made.id = made.thread.get_id();
    } catch (...) {
      parts_.pop_back();
      throw;
    }
  }

  [[nodiscard]] bool is_empty() const noexcept {
    const std::lock_guard lock(mutex_);
    return parts_.empty();
  }

  /// Whether this thread is one of them.
  [[nodiscard]] bool runs_this_thread() const noexcept {
    const std::lock_guard lock(mutex_);
    return std::any_of(parts_.begin(), parts_.end(),
                       [](const part& each) { return each.id == std::this_thread::get_id(); });
  }

  void join_ended() noexcept {
    std::list<part> ended;
    {
      const std::lock_guard lock(mutex_);
      for (auto each = parts_.begin(); each != parts_.end();) {
        const auto next = std::next(each);
        if (each->has_ended && !each->is_joining) ended.splice(ended.end(), parts_, each);
        each = next;
      }
    }
    for (part& each : ended) each.thread.join();
  }

  /// Waits for the end of all, and of those that they start. Any thread but those.
  void join_all() noexcept {
    const std::lock_guard joining(joining_);
    for (;;) {
      part* next = nullptr;  // stays in the list meanwhile: it may ask who it is
      {
        const std::lock_guard lock(mutex_);
        if (parts_.empty()) return;
        next = &parts_.front();
        next->is_joining = true;
      }
      next->thread.join();
      const std::lock_guard lock(mutex_);
      parts_.pop_front();
    }
  }

  /// In the child of a fork, which does not have the threads.
  void leave_behind() noexcept {
    is_left_behind_ = true;  // the locks may be taken for ever
    static_cast<void>(new (std::nothrow) auto(std::move(parts_)));
  }

 private:
  struct part {
    std::thread thread;
    std::thread::id id;
    bool has_ended = false;
    bool is_joining = false;  // by join_all()
  };

  void note_end(part& ended) noexcept {
    const std::lock_guard lock(mutex_);
    ended.has_ended = true;
  }

  std::mutex joining_;
  mutable std::mutex mutex_;
  std::list<part> parts_;
  bool is_left_behind_ = false;
};

}  // namespace heddle::process
