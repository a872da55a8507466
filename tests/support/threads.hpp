// SPDX-License-Identifier: MIT
// What tests ask about the threads of their process.
#pragma once

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <system_error>
#include <thread>

namespace heddle_test {

/// Whether that thread ends or has ended: one that was joined is listed a little longer.
inline bool is_at_its_end(const std::filesystem::path& task) {
  std::ifstream stat(task / "stat");
  std::string line;
  std::getline(stat, line);
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return true;
  std::istringstream fields(line.substr(name_end + 1));
  std::string skipped;
  for (int i = 0; i < 6; ++i) fields >> skipped;  // its state, parent, group, session, terminal and that one's group
  unsigned long flags = 0;
  fields >> flags;
  constexpr unsigned long exiting = 4;  // PF_EXITING of Linux
  return (flags & exiting) != 0;
}

/// How many threads a process has now.
inline std::size_t thread_count(pid_t process = ::getpid()) {
  std::error_code gone;
  std::size_t found = 0;
  for (std::filesystem::directory_iterator each("/proc/" + std::to_string(process) + "/task", gone), end; each != end;
       each.increment(gone)) {
    if (!is_at_its_end(each->path())) ++found;
  }
  return found;
}

/// True if the thread of this process with that number, which gettid() returns, sleeps in a system call.
inline bool is_asleep(pid_t thread) {
  std::ifstream stat("/proc/self/task/" + std::to_string(thread) + "/stat");
  std::string line;
  std::getline(stat, line);
  const std::size_t name_end = line.rfind(')');
  return name_end != std::string::npos && line.compare(name_end, 3, ") S") == 0;
}

/// Waits until another thread has set `flag`.
inline void wait_for(const std::atomic<bool>& flag) {
  while (!flag) std::this_thread::yield();
}

/// How long the calling thread has been on a processor.
inline std::chrono::nanoseconds cpu_time_of_this_thread() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

/// That of all threads that this process has had.
inline std::chrono::nanoseconds cpu_time_of_this_process() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

/// The CPUs that the calling thread may run on; none if the system does not say.
inline std::set<int> cpus_of_this_thread() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  ::sched_getaffinity(0, sizeof mask, &mask);
  std::set<int> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &mask)) cpus.insert(cpu);
  }
  return cpus;
}

/// The name of the calling thread.
inline std::string thread_name() {
  char name[32] = {};
  ::pthread_getname_np(::pthread_self(), name, sizeof name);
  return name;
}

}  // namespace heddle_test
