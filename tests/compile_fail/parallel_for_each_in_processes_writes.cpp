// SPDX-License-Identifier: MIT
// What a worker process writes to a vector stays there.
// error: writes to the elements of a heddle::shared_array
#include <heddle/process_pool_executor.hpp>

#include <vector>

#include <heddle/parallel_for.hpp>
#include <heddle/shared_array.hpp>

#ifdef CORRECT
using numbers = heddle::shared_array<int>;
#else
using numbers = std::vector<int>;
#endif

void clear(heddle::process_pool_executor& procs, numbers& all) {
  heddle::parallel_for_each(procs, all, [](int& each) { each = 0; });
}
