// SPDX-License-Identifier: MIT
// What a pool of threads is made with.
#pragma once

#include <cstddef>

#include <heddle/base/unique_function.hpp>

namespace heddle::scheduling {

/// On which CPUs the workers of a pool run. automatic: on any that its maker may use, as the system decides. spread:
/// worker i stays on the i-th of those, and begins anew where there are fewer CPUs than workers. Stand-ins are free in
/// any case.
enum class affinity { automatic, spread };

/// In which order a worker begins the jobs that it submitted itself. lifo: the newest first. fifo: in order of
/// submission, like jobs from outside.
enum class order { lifo, fifo };

struct pool_settings {
  std::size_t workers = 1;
  /// Called by each thread with its index before its first job; if it throws, the pool breaks with that exception.
  base::unique_function<void(std::size_t)> on_start = nullptr;
  /// Called by each thread whose `on_start` returned, after its last job. Must not throw.
  base::unique_function<void()> on_end = nullptr;
  /// What façades find by pool::owner_of_this_thread().
  void* owner = nullptr;
  /// Of each thread, in bytes; 0: what the system gives.
  std::size_t stack_size = 0;
  scheduling::affinity affinity = scheduling::affinity::automatic;
  scheduling::order order = scheduling::order::lifo;
  /// How many threads may work in place of blocked workers at a time. Without any a pool of one worker runs one job at
  /// a time.
  std::size_t max_stand_ins = 256;
  /// How many threads there may be besides: more workers, when the pool is resized, and threads that are lent.
  std::size_t max_extra = 0;
};

}  // namespace heddle::scheduling
