// SPDX-License-Identifier: MIT
// Calls that wait for calls, one in the other.
#pragma once

#include <heddle/thread_pool_executor.hpp>

#include <cstddef>
#include <functional>

namespace heddle_test {

/// Depth `levels` of calls that each submit the next and wait for it.
inline std::size_t nested_submits(heddle::thread_pool_executor& pool, std::size_t levels) {
  return levels == 0 ? 0 : 1 + pool.submit(nested_submits, std::ref(pool), levels - 1).result();
}

}  // namespace heddle_test
