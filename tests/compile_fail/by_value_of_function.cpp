// SPDX-License-Identifier: MIT
// The address of a function is another one in another process.
// error: a function is sent as it is
#include <heddle/by_value.hpp>
#include <heddle/process_pool_executor.hpp>

int one_more(int x);

void call(heddle::process_pool_executor& procs) {
#ifdef CORRECT
  procs.submit(one_more, 1);
#else
  procs.submit(heddle::by_value(one_more), 1);
#endif
}
