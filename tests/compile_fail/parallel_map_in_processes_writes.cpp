// SPDX-License-Identifier: MIT
// A call in another process has a copy of an element.
// error: by value or as const&
#include <heddle/parallel_map.hpp>
#include <heddle/process_pool_executor.hpp>

#include <vector>

#ifdef CORRECT
int one_more(const int& x) { return x + 1; }
#else
int one_more(int& x) { return ++x; }
#endif

std::vector<int> call(heddle::process_pool_executor& procs, std::vector<int>& xs) {
  return heddle::parallel_map(procs, one_more, xs);
}
