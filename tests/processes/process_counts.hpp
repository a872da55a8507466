// SPDX-License-Identifier: MIT
// What a process has that a pool of workers could leave behind.
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <string>
#include <system_error>

#include <support/threads.hpp>

namespace heddle_test {

struct process_counts {
  std::size_t descriptors = 0;
  std::size_t threads = 0;
  std::size_t children = 0;  // zombies, too
  std::size_t mappings = 0;  // of memory that is shared with workers

  bool operator==(const process_counts&) const = default;

  friend std::ostream& operator<<(std::ostream& out, const process_counts& counts) {
    return out << counts.descriptors << " descriptors, " << counts.threads << " threads, " << counts.children
               << " child processes, " << counts.mappings << " shared mappings";
  }
};

/// The parent of a process; 0 if there is no such process.
inline pid_t parent_of(const std::string& process) {
  std::ifstream stat("/proc/" + process + "/stat");
  std::string line;
  std::getline(stat, line);
  const std::size_t name_end = line.rfind(") ");
  return name_end == std::string::npos ? 0 : static_cast<pid_t>(std::atol(line.c_str() + name_end + 4));
}

inline process_counts counts_of(pid_t process) {
  process_counts found;
  const std::string folder = "/proc/" + std::to_string(process);
  std::error_code gone;
  for (std::filesystem::directory_iterator each(folder + "/fd", gone), end; each != end; each.increment(gone))
    ++found.descriptors;
  if (process == ::getpid()) --found.descriptors;  // that of the iterator
  found.threads = thread_count(process);
  for (std::filesystem::directory_iterator each("/proc", gone), end; each != end; each.increment(gone)) {
    const std::string name = each->path().filename().string();
    if (name[0] >= '0' && name[0] <= '9' && parent_of(name) == process) ++found.children;
  }
  std::ifstream maps(folder + "/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find("memfd:heddle") != std::string::npos) ++found.mappings;
  }
  return found;
}

/// Those of a process that does nothing, once they stay: of a pool that has ended a worker may not have been reaped.
inline process_counts counts_at_rest(pid_t process) {
  process_counts found = counts_of(process);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  for (int times_the_same = 0; times_the_same < 4 && std::chrono::steady_clock::now() < until;) {
    ::usleep(10'000);
    const process_counts next = counts_of(process);
    const bool is_server_idle = process == ::getpid() || next.children == 0;
    times_the_same = next == found && is_server_idle ? times_the_same + 1 : 0;
    found = next;
  }
  return found;
}

/// Those of the process once they are `wanted`, or after 5 s.
inline process_counts counts_when_settled(pid_t process, const process_counts& wanted) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  for (;;) {
    const process_counts found = counts_of(process);
    if (found == wanted || std::chrono::steady_clock::now() > until) return found;
    ::usleep(1000);
  }
}

}  // namespace heddle_test
