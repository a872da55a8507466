// SPDX-License-Identifier: MIT
// The clock is that of a thread pool.
// error: has no clock for calls
#include <heddle/process_pool_executor.hpp>
#include <heddle/thread_pool_executor.hpp>

#include <chrono>

int answer();

void call(heddle::thread_pool_executor& threads, heddle::process_pool_executor& procs) {
  using namespace std::chrono_literals;
#ifdef CORRECT
  auto later = threads.submit_after(100ms, [&procs] { return procs.submit(answer); });
#else
  procs.submit_after(100ms, answer);
#endif
}
