// SPDX-License-Identifier: MIT
// A group of calls in other processes shares nothing.
// error: calls of a task_group share memory
#include <heddle/process_pool_executor.hpp>
#include <heddle/task_group.hpp>

int one_more(int x);

void call(heddle::process_pool_executor& procs) {
#ifdef CORRECT
  auto future = procs.submit(one_more, 1);
  future.wait();
#else
  heddle::task_group group(procs);
#endif
}
