// SPDX-License-Identifier: MIT
// A watchdog for tests that would hang where the code is wrong.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>

namespace heddle_test {

/// Prints name, state and place of sleep of every thread of this process.
inline void dump_threads() {
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task", none)) {
    std::fprintf(stderr, "  thread %s:", entry.path().filename().c_str());
    for (const char* file : {"comm", "wchan", "syscall"}) {
      std::ifstream in(entry.path() / file);
      std::string line;
      std::getline(in, line);
      std::fprintf(stderr, "  %s: %s", file, line.c_str());
    }
    std::fputc('\n', stderr);
  }
}

/// Ends the program unless its scope ends in time: prints what the threads do and aborts.
class deadline {
 public:
  explicit deadline(std::chrono::seconds limit = std::chrono::seconds(50))
      : watchdog_([this, limit] { watch(limit); }) {
    // Until it sleeps: who forks next copies no lock that a thread holds at its start, of an allocator, say.
    std::unique_lock lock(mutex_);
    woken_.wait(lock, [this] { return watches_; });
  }
  deadline(const deadline&) = delete;
  deadline& operator=(const deadline&) = delete;
  ~deadline() {
    {
      const std::lock_guard lock(mutex_);
      met_ = true;
    }
    woken_.notify_one();
    watchdog_.join();
  }

 private:
  void watch(std::chrono::seconds limit) {
    std::unique_lock lock(mutex_);
    watches_ = true;
    woken_.notify_one();
    if (woken_.wait_for(lock, limit, [this] { return met_; })) return;
    std::fprintf(stderr, "a test did not end within %lld s; its threads:\n", static_cast<long long>(limit.count()));
    dump_threads();
    std::abort();
  }

  std::mutex mutex_;
  std::condition_variable woken_;
  bool watches_ = false;
  bool met_ = false;
  std::thread watchdog_;
};

}  // namespace heddle_test
