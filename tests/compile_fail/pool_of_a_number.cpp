// SPDX-License-Identifier: MIT
// A number alone, as other pools take it, does not say what it is.
// error: options of a pool have names
#include <heddle/thread_pool_executor.hpp>

void use() {
#ifdef CORRECT
  heddle::thread_pool_executor pool{{.max_workers = 4}};
#else
  heddle::thread_pool_executor pool(4);
#endif
}
