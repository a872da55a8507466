// SPDX-License-Identifier: MIT
// Executors as a user of heddle may write them, on promises.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <heddle/base/unique_function.hpp>
#include <heddle/errors.hpp>
#include <heddle/executor.hpp>
#include <heddle/future.hpp>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>

namespace heddle_test {

/// A call and its promise as a thing to run.
template <class F>
auto promised_call(F&& callable) {
  using Result = heddle::completion::task_result_t<std::invoke_result_t<std::decay_t<F>>>;
  heddle::promise<Result> promised;
  heddle::future<Result> result = promised.get_future();
  auto run = [call = std::decay_t<F>(std::forward<F>(callable)), promised = std::move(promised)]() mutable {
    if (!promised.set_running_or_notify_cancel()) return;
    try {
      if constexpr (std::is_void_v<Result>) {
        std::move(call)();
        promised.set_value();
      } else {
        promised.set_value(std::move(call)());
      }
    } catch (...) {
      promised.set_exception(std::current_exception());
    }
  };
  return std::pair(std::move(run), std::move(result));
}

/// Runs calls when the test says so, in its thread.
class hand_executor : public heddle::map_members<hand_executor> {
 public:
  template <class F>
  auto submit(F&& callable) {
    if (is_shut_down_) throw heddle::executor_shutdown_error();
    auto [run, result] = promised_call(std::forward<F>(callable));
    waiting_.emplace_back(std::move(run));
    return std::move(result);
  }
  template <class F>
  void post(F&& callable) {
    waiting_.emplace_back(std::forward<F>(callable));
  }
  [[nodiscard]] std::size_t max_workers() const { return 1; }

  /// How many calls were submitted and not taken, cancelled ones too.
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

  void run(std::size_t calls) {
    for (; calls != 0 && !waiting_.empty(); --calls) {
      auto first = std::move(waiting_.front());
      waiting_.pop_front();
      first();
    }
  }
  void run_all() { run(static_cast<std::size_t>(-1)); }
  void shut_down() { is_shut_down_ = true; }

 private:
  std::deque<heddle::base::unique_function<void()>> waiting_;
  bool is_shut_down_ = false;
};

/// Runs calls in a thread of its own, one after the other.
class own_executor : public heddle::map_members<own_executor> {
 public:
  own_executor() : worker_([this] { work(); }) {}
  ~own_executor() { shutdown(); }
  own_executor(const own_executor&) = delete;
  own_executor& operator=(const own_executor&) = delete;

  template <class F>
  auto submit(F&& callable) {
    auto [run, result] = promised_call(std::forward<F>(callable));
    post(std::move(run));
    return std::move(result);
  }
  template <class F>
  void post(F&& callable) {
    const std::lock_guard lock(mutex_);
    if (is_shut_down_) throw heddle::executor_shutdown_error();
    waiting_.emplace_back(std::forward<F>(callable));
    changed_.notify_one();
  }
  [[nodiscard]] std::size_t max_workers() const { return 1; }

  void shutdown() {
    {
      const std::lock_guard lock(mutex_);
      is_shut_down_ = true;
      changed_.notify_one();
    }
    if (worker_.joinable()) worker_.join();
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return is_shut_down_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      {
        auto first = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        first();
      }
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<heddle::base::unique_function<void()>> waiting_;
  bool is_shut_down_ = false;
  std::thread worker_;
};

/// Calls what it is given later, in the order of run(); copies it, as its callables may be copied.
struct queueing_executor {
  template <class F>
  heddle::future<void> submit(F call) {
    post(call);
    return {};
  }
  template <class F>
  void post(const F& call) {
    calls.emplace_back(call);
  }
  [[nodiscard]] std::size_t max_workers() const { return 1; }
  void run() {
    while (!calls.empty()) {
      const std::function<void()> first = calls.front();
      calls.pop_front();
      first();
    }
  }
  std::deque<std::function<void()>> calls;
};

}  // namespace heddle_test
