// SPDX-License-Identifier: MIT
// A manual executor that somebody runs: what holds for every executor holds for it too.
#pragma once

#include <heddle/executor.hpp>
#include <heddle/manual_executor.hpp>
#include <heddle/map_members.hpp>
#include <heddle/submit_after.hpp>

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>
#include <utility>

namespace heddle_test {

/// One thread runs the calls, until shutdown() or the end, which finish what was submitted.
class pumped_executor : public heddle::map_members<pumped_executor> {
 public:
  explicit pumped_executor(heddle::manual_executor_options options = {})
      : calls_(options), pump_([this] { run_calls(); }) {}
  pumped_executor(const pumped_executor&) = delete;
  pumped_executor& operator=(const pumped_executor&) = delete;
  ~pumped_executor() { shutdown(); }

  template <class F, class... Args>
  auto submit(F&& callable, Args&&... args) {
    auto result = calls_.submit(std::forward<F>(callable), std::forward<Args>(args)...);
    wake();
    return result;
  }

  template <class F>
  void post(F&& callable) {
    calls_.post(std::forward<F>(callable));
    wake();
  }

  template <class... Args>
    requires heddle::is_after_futures<Args...>
  auto submit_after(Args&&... after_and_callable) {
    return heddle::submit_after(*this, std::forward<Args>(after_and_callable)...);
  }

  void shutdown(heddle::pending_jobs pending = heddle::pending_jobs::finish) {
    calls_.shutdown(pending);
    {
      const std::lock_guard lock(mutex_);
      stops_ = true;
    }
    woken_.notify_one();
    if (pump_.joinable()) pump_.join();
  }

  [[nodiscard]] std::size_t max_workers() const { return calls_.max_workers(); }

 private:
  void wake() {
    {
      const std::lock_guard lock(mutex_);
      there_is_work_ = true;
    }
    woken_.notify_one();
  }

  void run_calls() {
    std::unique_lock lock(mutex_);
    while (!stops_) {
      woken_.wait(lock, [this] { return stops_ || there_is_work_; });
      there_is_work_ = false;
      lock.unlock();
      calls_.run_all();
      lock.lock();
    }
  }

  heddle::manual_executor calls_;
  std::mutex mutex_;
  std::condition_variable woken_;
  bool there_is_work_ = false;
  bool stops_ = false;
  std::thread pump_;
};

}  // namespace heddle_test
