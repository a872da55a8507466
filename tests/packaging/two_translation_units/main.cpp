// SPDX-License-Identifier: MIT
// The first translation unit: both agree on every layout, share one default executor, and hand futures over.
#include "other.hpp"

int main() {
  if (other::sizes != other::sizes_there()) return 1;
  if (&heddle::default_executor() != other::default_executor_there()) return 2;

  heddle::thread_pool_executor pool{{.max_workers = 2}};
  return other::submit_there(pool, 6).result() == 36 ? 0 : 3;
}
