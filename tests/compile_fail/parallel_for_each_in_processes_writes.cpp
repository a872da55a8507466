// SPDX-License-Identifier: MIT
// What a worker process writes to a list stays there.
// error: writes to the elements of a heddle::shared_array
#include <heddle/process_pool_executor.hpp>

#include <list>

#include <heddle/parallel_for.hpp>
#include <heddle/shared_array.hpp>

#ifdef CORRECT
using numbers = heddle::shared_array<int>;
#else
using numbers = std::list<int>;
#endif

void clear(heddle::process_pool_executor& procs, numbers& all) {
  heddle::parallel_for_each(procs, all, [](int& each) { each = 0; });
}
