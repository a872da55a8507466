// SPDX-License-Identifier: MIT
// wait() takes futures, not numbers.
// error: what is waited for here is a range of futures
#include <heddle/wait.hpp>
#include <vector>

void nothing() {
#ifdef CORRECT
  std::vector<heddle::future<int>> futures;
#else
  std::vector<int> futures;
#endif
  heddle::wait(futures);
}
