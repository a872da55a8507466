// SPDX-License-Identifier: MIT
// Calls that never end, and are known to have begun.
#pragma once

#include <unistd.h>

#include <fstream>
#include <stdexcept>
#include <string>

#include <heddle/process_pool_executor.hpp>

namespace heddle_test {

inline void never_return() {
  for (;;) ::pause();
}

/// Submits a call that runs for ever, and waits until it does.
inline heddle::future<void> hang_in(heddle::process_pool_executor& procs) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("there is no pipe");
  auto hanging = procs.submit(
      [](pid_t program, int number) {
        std::ofstream("/proc/" + std::to_string(program) + "/fd/" + std::to_string(number)) << 'x' << std::flush;
        never_return();
      },
      ::getpid(), ends[1]);
  char byte = 0;
  if (::read(ends[0], &byte, 1) != 1) throw std::runtime_error("the call has not begun");
  ::close(ends[0]);
  ::close(ends[1]);
  return hanging;
}

}  // namespace heddle_test
