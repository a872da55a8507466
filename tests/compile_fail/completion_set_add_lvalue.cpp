// SPDX-License-Identifier: MIT
// A completion_set owns its futures.
// error: a completion_set owns its futures until they are done
#include <heddle/completion_set.hpp>
#include <utility>

void nothing(heddle::completion_set<int>& calls, heddle::future<int>& f) {
#ifdef CORRECT
  calls.add(std::move(f));
#else
  calls.add(f);
#endif
}
