// SPDX-License-Identifier: MIT
// A loop counts by integers.
// error: which are integers
#include <heddle/parallel_for.hpp>

void count(double end) {
#ifdef CORRECT
  heddle::parallel_for(0L, static_cast<long>(end), [](long) {});
#else
  heddle::parallel_for(0.0, end, [](double) {});
#endif
}
