// SPDX-License-Identifier: MIT
// An initializer has no arguments but those that it is given with.
// error: an initializer is called without arguments
#include <heddle/partial.hpp>
#include <heddle/process_pool_executor.hpp>

void load(int table);

void make() {
#ifdef CORRECT
  const heddle::process_pool_executor procs{{.initializer = heddle::partial(load, 7)}};
#else
  const heddle::process_pool_executor procs{{.initializer = load}};
#endif
}
