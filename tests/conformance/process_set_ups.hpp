// SPDX-License-Identifier: MIT
// The executors of the conformance tests whose calls run in other processes, where there are some.
#pragma once

#if defined(__linux__)

#include <chrono>
#include <heddle/process_pool_executor.hpp>
#include <tuple>
#include <utility>

namespace heddle_test {

struct processes_setup {
  struct kind {
    const char* name;
    heddle::process_pool_options options;
  };
  static inline const kind all[] = {
      {"1 process", {.max_workers = 1}},
      {"2 processes", {.max_workers = 2}},
      {"processes that are replaced, with a time limit",
       {.max_workers = 2, .initializer = [] {}, .max_tasks_per_child = 20, .timeout = std::chrono::hours(1)}}};
  explicit processes_setup(const kind& asked) : pool(asked.options) {}
  heddle::process_pool_executor pool;
};

template <class Setups>
using and_processes = decltype(std::tuple_cat(std::declval<Setups>(), std::declval<std::tuple<processes_setup>>()));

}  // namespace heddle_test

#else

namespace heddle_test {

template <class Setups>
using and_processes = Setups;

}  // namespace heddle_test

#endif
