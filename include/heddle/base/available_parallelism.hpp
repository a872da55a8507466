// SPDX-License-Identifier: MIT
// How many threads can run at once: the hardware's count, less what the system and the user take off it.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <initializer_list>

#if defined(__linux__)
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#else
#include <thread>
#endif

#include <heddle/base/cgroup_cpu_limit.hpp>
#include <heddle/base/parse_positive.hpp>

namespace heddle::base {

/// The CPUs that are switched on; `unlimited_cpus` if the system does not say.
[[nodiscard]] inline unsigned hardware_cpu_count() noexcept {
#if defined(__linux__)
  const long count = ::sysconf(_SC_NPROCESSORS_ONLN);
  return count > 0 ? static_cast<unsigned>(count) : unlimited_cpus;
#else
  const unsigned count = std::thread::hardware_concurrency();
  return count > 0 ? count : unlimited_cpus;
#endif
}

#if defined(__linux__)

/// The CPUs in the mask that `get_affinity(bytes, mask)` fills in. Like sched_getaffinity(2) it fails with EINVAL as
/// long as the mask is smaller than the kernel's, so the mask grows from the 1024 CPUs of a cpu_set_t.
template <class GetAffinity>
[[nodiscard]] unsigned affinity_cpu_count(GetAffinity get_affinity) noexcept {
  constexpr std::size_t most_cpus = 1 << 20;
  for (std::size_t cpus = 1024; cpus <= most_cpus; cpus *= 2) {
    cpu_set_t* const mask = CPU_ALLOC(cpus);
    if (mask == nullptr) return unlimited_cpus;
    const std::size_t bytes = CPU_ALLOC_SIZE(cpus);
    const bool known = get_affinity(bytes, mask) == 0;
    const bool too_small = !known && errno == EINVAL;
    const int count = known ? CPU_COUNT_S(bytes, mask) : 0;
    CPU_FREE(mask);
    if (count > 0) return static_cast<unsigned>(count);
    if (!too_small) return unlimited_cpus;
  }
  return unlimited_cpus;
}

/// The CPUs that the calling thread may run on, and with it the threads that it starts.
[[nodiscard]] inline unsigned affinity_cpu_count() noexcept {
  return affinity_cpu_count([](std::size_t bytes, cpu_set_t* mask) { return ::sched_getaffinity(0, bytes, mask); });
}

#else

[[nodiscard]] inline unsigned affinity_cpu_count() noexcept { return unlimited_cpus; }

#endif

/// The limit that `text`, the value of HEDDLE_NUM_THREADS, sets: a positive decimal number and nothing around it.
/// Anything else (null, empty, "0", "-2", "4 threads") sets none.
[[nodiscard]] inline unsigned thread_limit_in(const char* text) noexcept {
  const std::uint64_t limit = text != nullptr ? parse_positive(text) : 0;
  return limit > 0 && limit < unlimited_cpus ? static_cast<unsigned>(limit) : unlimited_cpus;
}

/// What limits the process as a whole: the least of the CPUs of the machine, the CPU quota of the control groups
/// (rounded up) and the environment variable HEDDLE_NUM_THREADS; at least 1. `root` is prefixed to the files of the
/// control groups.
[[nodiscard]] inline unsigned parallelism_of_process(const char* root) noexcept {
  unsigned least = unlimited_cpus;
  for (const unsigned limit :
       {hardware_cpu_count(), cgroup_cpu_limit(root), thread_limit_in(std::getenv("HEDDLE_NUM_THREADS"))}) {
    if (limit < least) least = limit;
  }
  return least == unlimited_cpus ? 1 : least;
}

/// How many threads of this process can run at the same time, at least 1: the least of the CPUs of the machine, the
/// CPUs in the calling thread's affinity mask, the CPU quota of the control groups (rounded up) and the environment
/// variable HEDDLE_NUM_THREADS. The variable can lower the number, not raise it; if it is no positive number, it is
/// ignored.
///
/// Looks anew at each call, which on Linux means to open and read several files: keep the answer. Any thread may call
/// it, but as with std::getenv nobody may change the environment meanwhile. `root` is prefixed to the files of the
/// control groups.
[[nodiscard]] inline unsigned available_parallelism(const char* root = "") noexcept {
  const unsigned of_process = parallelism_of_process(root);
  const unsigned of_thread = affinity_cpu_count();
  return of_thread < of_process ? of_thread : of_process;
}

}  // namespace heddle::base
