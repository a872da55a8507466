// SPDX-License-Identifier: MIT
// Calls that would run for ever where the code is wrong.
#pragma once

#include <chrono>
#include <utility>

#include <heddle/future.hpp>
#include <heddle/process_pool_executor.hpp>

namespace heddle_test {

/// The call, when it has ended. After 20 s it is ended with all workers of its pool, so that its test fails and ends.
template <class T>
heddle::future<T>& ended_in_time(heddle::future<T>& call, heddle::process_pool_executor& procs) {
  if (!call.wait(std::chrono::seconds(20))) procs.kill_workers();
  return call;
}
template <class T>
heddle::future<T> ended_in_time(heddle::future<T>&& call, heddle::process_pool_executor& procs) {
  return std::move(ended_in_time(call, procs));
}

}  // namespace heddle_test
