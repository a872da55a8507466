// SPDX-License-Identifier: MIT
// What this process has used of the machine: CPU time and memory.
#pragma once

#include <cstddef>
#include <ctime>

#if defined(__linux__)
#include <unistd.h>

#include <cstdio>
#endif

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace heddle_bench {

/// The CPU time of all threads so far, in seconds.
inline double process_cpu_seconds() {
#if defined(CLOCK_PROCESS_CPUTIME_ID)
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
#else
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
#endif
}

/// The bytes of memory that the process has in RAM; 0 where the system does not tell.
inline double resident_bytes() {
  unsigned long pages = 0;
#if defined(__linux__)
  std::FILE* const file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) return 0;
  if (std::fscanf(file, "%*u %lu", &pages) != 1) pages = 0;
  std::fclose(file);
  return static_cast<double>(pages) * static_cast<double>(::sysconf(_SC_PAGESIZE));
#else
  return static_cast<double>(pages);
#endif
}

/// Gives free memory back to the system, so that its next use shows in resident_bytes().
inline void return_free_memory() {
#if defined(__GLIBC__)
  ::malloc_trim(0);
#endif
}

}  // namespace heddle_bench
