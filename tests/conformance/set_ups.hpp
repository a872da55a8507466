// SPDX-License-Identifier: MIT
// The executors that the conformance tests run with. A new executor gets its set-ups here and a place in `setups`, or
// in `local_setups` and so in both.
#pragma once

#include <conformance/process_set_ups.hpp>
#include <cstddef>
#include <heddle/inline_executor.hpp>
#include <heddle/manual_executor.hpp>
#include <heddle/priority.hpp>
#include <heddle/thread_pool_executor.hpp>
#include <iterator>
#include <support/catch.hpp>
#include <support/pumped_executor.hpp>
#include <tuple>

namespace heddle_test {

// An executor, and what may be asked of it: a test runs with every one of `all`.
struct inline_setup {
  struct kind {
    const char* name;
  };
  static constexpr kind all[] = {{"inline"}};
  explicit inline_setup(kind) {}
  heddle::inline_executor pool;
};

struct threads_setup {
  struct kind {
    const char* name;
    std::size_t workers;
    bool is_unusual;
  };
  static constexpr kind all[] = {
      {"1 worker", 1, false}, {"2 workers", 2, false}, {"8 workers", 8, false}, {"much else than usual", 2, true}};
  explicit threads_setup(kind asked) : pool(options_of(asked)) {}
  heddle::thread_pool_executor pool;

 private:
  static heddle::thread_pool_options options_of(kind asked) {
    if (!asked.is_unusual) return {.max_workers = asked.workers};
    return {.max_workers = asked.workers,
            .finalizer = [] {},
            .stack_size = 256U << 10U,
            .affinity = heddle::affinity::spread,
            .order = heddle::order::fifo,
            .max_stand_ins = 0};
  }
};

/// A manual executor whose calls another thread runs.
struct manual_setup {
  struct kind {
    const char* name;
    heddle::manual_order order;
  };
  static constexpr kind all[] = {{"manual, first in, first out", heddle::manual_order::fifo},
                                 {"manual, last in, first out", heddle::manual_order::lifo},
                                 {"manual, in a random order", heddle::manual_order::random}};
  explicit manual_setup(kind asked) : pool({.order = asked.order, .seed = 5}) {}
  pumped_executor pool;
};

/// A pool of which only a view at a priority is used, but for its end.
struct view_setup {
  struct view : heddle::prioritized<heddle::thread_pool_executor> {
    void shutdown(heddle::pending_jobs pending = heddle::pending_jobs::finish) const { this->pool().shutdown(pending); }
  };
  struct kind {
    const char* name;
    std::size_t workers;
    heddle::priority level;
  };
  static constexpr kind all[] = {{"1 worker, high", 1, heddle::priority::high},
                                 {"2 workers, high", 2, heddle::priority::high},
                                 {"2 workers, normal", 2, heddle::priority::normal},
                                 {"1 worker, background", 1, heddle::priority::background},
                                 {"2 workers, background", 2, heddle::priority::background}};
  explicit view_setup(kind asked) : threads({.max_workers = asked.workers}), pool{threads.with(asked.level)} {}
  heddle::thread_pool_executor threads;
  view pool;
};

/// Executors whose calls run in this process, and may refer to what is here.
using local_setups = std::tuple<inline_setup, threads_setup, view_setup, manual_setup>;

/// All, for cases that send their callables, arguments and results to another process.
using setups = and_processes<local_setups>;

/// Those of them that take many calls at once.
using local_bulk_setups = std::tuple<threads_setup, view_setup>;
using bulk_setups = and_processes<local_bulk_setups>;

/// Makes `setup` one of a TestType's set-ups in each run of a test, and has Catch2 say which if the test fails.
#define HEDDLE_SET_UP(setup)                                                                              \
  const auto asked_of_##setup = GENERATE(from_range(std::begin(TestType::all), std::end(TestType::all))); \
  INFO("set-up: " << asked_of_##setup.name);                                                              \
  TestType setup(asked_of_##setup)

}  // namespace heddle_test
