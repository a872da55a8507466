// SPDX-License-Identifier: MIT
// A number alone, as Python's pools take it, does not say what it is.
// error: options of a pool have names
#include <heddle/process_pool_executor.hpp>

void use() {
#ifdef CORRECT
  heddle::process_pool_executor procs{{.max_workers = 4}};
#else
  heddle::process_pool_executor procs(4);
#endif
}
