// SPDX-License-Identifier: MIT
// What a sum is made of shares memory, and worker processes do not.
// error: the calls of this loop share memory, and calls in worker processes do not
#include <heddle/parallel_reduce.hpp>
#include <heddle/process_pool_executor.hpp>
#include <heddle/thread_pool_executor.hpp>

#include <functional>
#include <vector>

#ifdef CORRECT
using pool = heddle::thread_pool_executor;
#else
using pool = heddle::process_pool_executor;
#endif

int sum(pool& on, const std::vector<int>& xs) { return heddle::parallel_reduce(on, xs, 0, std::plus<>{}); }
