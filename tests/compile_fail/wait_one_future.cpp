// SPDX-License-Identifier: MIT
// wait() takes several futures: one has a member for that.
// error: for one alone call its member
#include <heddle/wait.hpp>

void nothing(heddle::future<int>& f) {
#ifdef CORRECT
  f.wait();
#else
  heddle::wait(f);
#endif
}
