// SPDX-License-Identifier: MIT
// Calls that end only when they are told to, so that what is done before comes in time.
#pragma once

#include <signal.h>

#include <thread>

#include <heddle/process_pool_executor.hpp>

namespace heddle_test {

/// Stops its worker. What is behind it waits, too.
inline int stop_here() {
  ::raise(SIGSTOP);
  return 1;
}

/// Lets workers of the pool go on that calls have stopped, until `is_over()`.
template <class IsOver>
void let_go_on(const heddle::process_pool_executor& pool, const IsOver& is_over) {
  while (!is_over()) {
    for (const pid_t worker : pool.worker_pids()) ::kill(worker, SIGCONT);
    std::this_thread::yield();
  }
}

}  // namespace heddle_test
