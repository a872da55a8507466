// SPDX-License-Identifier: MIT
// How many empty tasks have run, counted at about the cost of nothing: each thread counts for itself.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <heddle/base/atomic.hpp>
#include <heddle/base/cpu.hpp>

namespace heddle_bench {

/// The calls of count_call() in all threads, since the program began.
class call_count {
 public:
  /// Written by one thread at a time: who holds it.
  struct alignas(heddle::base::cache_line) slot {
    heddle::base::atomic<std::uint64_t> calls{0};
  };

  static call_count& of_program() {
    static call_count& kept = *new call_count;  // never destroyed: runtimes' threads may end after static objects
    return kept;
  }

  std::uint64_t total() {
    const std::lock_guard lock(mutex_);
    std::uint64_t sum = 0;
    // [call_count.1] acquire: what the counted calls did is visible to who has seen them counted.
    for (const auto& each : slots_) sum += each->calls.load(heddle::base::acquire);
    return sum;
  }

  /// Sleeps until `expected` calls were counted, so that the counting threads have the CPUs.
  void wait_for(std::uint64_t expected) {
    while (total() < expected) std::this_thread::sleep_for(std::chrono::microseconds(20));
  }

  slot& take_slot() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) free_.push_back(slots_.emplace_back(std::make_unique<slot>()).get());
    slot& taken = *free_.back();
    free_.pop_back();
    return taken;
  }

  void give_back(slot& unused) {
    const std::lock_guard lock(mutex_);
    free_.push_back(&unused);
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<slot>> slots_;
  std::vector<slot*> free_;
};

inline void count_call() {
  struct holder {
    call_count::slot& held = call_count::of_program().take_slot();
    holder() = default;
    holder(const holder&) = delete;
    holder& operator=(const holder&) = delete;
    ~holder() { call_count::of_program().give_back(held); }
  };
  thread_local const holder mine;
  auto& calls = mine.held.calls;
  // [call_count.1] release: pairs with total(). relaxed: this thread is the only writer.
  calls.store(calls.load(heddle::base::relaxed) + 1, heddle::base::release);
}

}  // namespace heddle_bench
