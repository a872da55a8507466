// SPDX-License-Identifier: MIT
// A loop over numbers shares memory, and worker processes do not.
// error: the calls of this loop share memory, and calls in worker processes do not
#include <heddle/parallel_for.hpp>
#include <heddle/process_pool_executor.hpp>
#include <heddle/shared_array.hpp>

void use(heddle::process_pool_executor& procs, heddle::shared_array<int>& xs) {
#ifdef CORRECT
  heddle::parallel_for_each(procs, xs, [](int& x) { x = 0; });
#else
  heddle::parallel_for(procs, 0, xs.size(), [&](auto i) { xs[i] = 0; });
#endif
}
