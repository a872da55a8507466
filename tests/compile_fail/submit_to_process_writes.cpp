// SPDX-License-Identifier: MIT
// What a worker process writes to its argument stays there.
// error: what it changes there is lost
#include <heddle/process_pool_executor.hpp>

#include <vector>

#ifdef CORRECT
std::vector<int> appended(std::vector<int> all) {
  all.push_back(1);
  return all;
}
#else
void appended(std::vector<int>& all) { all.push_back(1); }
#endif

void append(heddle::process_pool_executor& procs, std::vector<int>& all) { procs.submit(appended, all).wait(); }
