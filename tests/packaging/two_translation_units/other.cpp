// SPDX-License-Identifier: MIT
// The second translation unit: makes a future that the first one waits for.
#include "other.hpp"

namespace other {

type_sizes sizes_there() { return sizes; }

const void* default_executor_there() { return &heddle::default_executor(); }

heddle::future<int> submit_there(heddle::thread_pool_executor& pool, int x) {
  return pool.submit([](int y) { return y * y; }, x);
}

}  // namespace other
