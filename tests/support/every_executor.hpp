// SPDX-License-Identifier: MIT
// One executor of every kind, for what must be the same on all of them.
#pragma once

#include <heddle/inline_executor.hpp>
#include <heddle/thread_pool_executor.hpp>

#include <cstddef>
#include <thread>
#include <utility>
#include <vector>

#include <support/pumped_executor.hpp>

namespace heddle_test {

/// An executor of one's own: a thread for each call.
struct threads_executor {
  template <class F>
  heddle::future<void> submit(F call) {
    heddle::promise<void> done;
    heddle::future<void> result = done.get_future();
    threads.emplace_back([call, done = std::move(done)]() mutable {
      if (!done.set_running_or_notify_cancel()) return;
      call();
      done.set_value();
    });
    return result;
  }
  template <class F>
  void post(F call) {
    threads.emplace_back(call);
  }
  [[nodiscard]] std::size_t max_workers() const { return 3; }
  ~threads_executor() {
    for (std::thread& each : threads) each.join();
  }
  std::vector<std::thread> threads;
};

/// `check(executor)` for every kind of executor and several numbers of workers.
template <class Check>
void on_every_executor(Check check) {
  heddle::inline_executor here;
  check(here);
  threads_executor own;
  check(own);
  pumped_executor manual({.order = heddle::manual_order::random});
  check(manual);
  for (const std::size_t workers : {1U, 2U, 3U, 8U}) {
    heddle::thread_pool_executor pool{{.max_workers = workers}};
    check(pool);
  }
}

}  // namespace heddle_test
