// SPDX-License-Identifier: MIT
// A partial keeps values, and an array that is shared is none.
// error: a shared_array travels as an argument
#include <heddle/partial.hpp>
#include <heddle/process_pool_executor.hpp>
#include <heddle/shared_array.hpp>

#include <span>
#include <utility>

int first_of(std::span<const int> values, int x);

void call(heddle::process_pool_executor& procs, heddle::shared_array<int> array) {
#ifdef CORRECT
  procs.submit(first_of, array, 1);
#else
  struct holder {
    int operator()(const heddle::shared_array<int>& values, int x) const { return values[0] + x; }
  };
  procs.submit(heddle::partial(holder(), std::move(array)), 1);
#endif
}
