// SPDX-License-Identifier: MIT
// wait() returns references to futures, which must still be there.
// error: give their range a name
#include <heddle/wait.hpp>
#include <span>
#include <utility>
#include <vector>

void nothing(std::vector<heddle::future<int>> futures) {
#ifdef CORRECT
  heddle::wait(futures);
  heddle::wait(std::span(futures));
  heddle::wait(std::vector<heddle::future<int>*>());
#else
  heddle::wait(std::move(futures));
#endif
}
