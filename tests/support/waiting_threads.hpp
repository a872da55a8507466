// SPDX-License-Identifier: MIT
// Threads that tell when they sleep, and one that must not; promises whose futures are waited for.
#pragma once

#include <heddle/future.hpp>
#include <heddle/sync/this_thread.hpp>

#include <cstddef>
#include <exception>
#include <latch>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace heddle_test {

/// A thread that sleeps in a wait tells its context so: the latch opens when it is about to.
struct sleep_signal final : heddle::sync::thread_context {
  sleep_signal() : thread_context(nullptr) {}
  void about_to_block(const heddle::queue::job*) noexcept override {
    if (!asleep.try_wait()) asleep.count_down();
  }
  void resumed() noexcept override {}
  std::latch asleep{1};
};

/// An event loop's thread: blocking is misuse.
struct loop_context final : heddle::sync::thread_context {
  loop_context() : thread_context(nullptr) {}
  [[nodiscard]] bool forbids_blocking() const noexcept override { return true; }
  void about_to_block(const heddle::queue::job*) noexcept override { ++blocked; }
  void resumed() noexcept override {}
  int blocked = 0;
};

/// Runs `call` in another thread and returns when that thread sleeps in a wait for a future.
template <class Call>
std::thread blocked_in(Call call) {
  auto signal = std::make_shared<sleep_signal>();
  std::thread sleeper([signal, call] {
    const heddle::sync::scoped_context installed(*signal);
    call();
  });
  signal->asleep.wait();
  return sleeper;
}

/// Whether `call` sleeps in a wait for a future. It must end by itself.
template <class Call>
bool sleeps_in(Call call) {
  sleep_signal here;
  const heddle::sync::scoped_context installed(here);
  call();
  return here.asleep.try_wait();
}

/// What a promise may fail with.
inline std::exception_ptr failure() { return std::make_exception_ptr(std::runtime_error("failed")); }

/// Some promises and their futures.
struct promised {
  explicit promised(std::size_t count) : promises(count) {
    for (heddle::promise<int>& each : promises) futures.push_back(each.get_future());
  }
  std::vector<heddle::promise<int>> promises;
  std::vector<heddle::future<int>> futures;
};

/// At which places of `all` the futures are to which `some` refers.
template <class Refs, class Futures>
std::vector<std::size_t> places(const Refs& some, const Futures& all) {
  std::vector<std::size_t> found;
  for (const auto& each : some) {
    std::size_t at = 0;
    for (const auto& one : all) {
      if (&one == &each) found.push_back(at);
      ++at;
    }
  }
  return found;
}

}  // namespace heddle_test
