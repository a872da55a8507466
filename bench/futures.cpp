// SPDX-License-Identifier: MIT
// Futures without a pool: what a promise, a callback, a link of a chain and a wait for many of them cost; and a graph
// of a million calls that wait for each other, on a pool.

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <future>
#include <utility>
#include <vector>

#include <heddle/as_completed.hpp>
#include <heddle/completion_set.hpp>
#include <heddle/future.hpp>
#include <heddle/submit_after.hpp>
#include <heddle/thread_pool_executor.hpp>
#include <heddle/wait.hpp>

#include "support/call_count.hpp"
#include "support/registration.hpp"
#include "support/work.hpp"

#ifdef HEDDLE_BENCH_TBB
#include <tbb/flow_graph.h>
#include <tbb/global_control.h>
#endif

namespace {

using namespace heddle_bench;

constexpr int million = 1'000'000;

// ---- S1: a promise that is kept at once

template <class Promise>
void promise_get(benchmark::State& state) {
  int sum = 0;
  for (auto _ : state) {
    Promise promise;
    auto future = promise.get_future();
    promise.set_value(1);
    if constexpr (requires { future.get(); }) {
      sum += future.get();
    } else {
      sum += future.result();
    }
  }
  require(sum == static_cast<int>(state.iterations()), "the results of promises");
  report_per_item(state, 1);
}

// ---- S4: a callback

template <bool WithCallback>
void promise_told(benchmark::State& state) {
  std::int64_t told = 0;
  for (auto _ : state) {
    heddle::promise<int> promise;
    heddle::future<int> future = promise.get_future();
    if constexpr (WithCallback) future.add_done_callback([&told] { ++told; });
    promise.set_value(1);
    benchmark::DoNotOptimize(future);
  }
  require(told == (WithCallback ? state.iterations() : 0), "the number of callbacks");
  report_per_item(state, 1);
}

// ---- S2: a chain

void then_chain_1e6(benchmark::State& state) {
  for (auto _ : state) {
    heddle::promise<int> first;
    heddle::future<int> last = first.get_future();
    for (int i = 0; i < million; ++i) last = std::move(last).then([](int x) { return x + 1; });
    first.set_value(0);
    require(last.result() == million, "the result of a chain");
  }
  report_per_item(state, million);
}

// ---- S3 and S5: many

struct promises {
  explicit promises(int count) : made(static_cast<std::size_t>(count)) {
    futures.reserve(made.size());
    for (heddle::promise<int>& each : made) futures.push_back(each.get_future());
  }
  void keep_all() {
    for (heddle::promise<int>& each : made) each.set_value(1);
  }
  std::vector<heddle::promise<int>> made;
  std::vector<heddle::future<int>> futures;
};

/// All are registered, then done, then read.
void as_completed_1e6(benchmark::State& state) {
  for (auto _ : state) {
    promises source(million);
    state.SetIterationTime(seconds_of([&] {
      auto completed = heddle::as_completed(source.futures);
      source.keep_all();
      int sum = 0;
      for (heddle::future<int>& each : completed) sum += each.result();
      require(sum == million, "the results of as_completed()");
    }));
  }
  report_per_item(state, million);
}

void completion_set_1e6(benchmark::State& state) {
  for (auto _ : state) {
    promises source(million);
    state.SetIterationTime(seconds_of([&] {
      heddle::completion_set<int> set;
      for (heddle::future<int>& each : source.futures) set.add(std::move(each));
      source.keep_all();
      int sum = 0;
      while (!set.empty()) sum += set.wait_any().future.result();
      require(sum == million, "the results of a completion_set");
    }));
  }
  report_per_item(state, million);
}

/// One of 10,000 is done, and the others are not: `look(futures)` says how many are.
template <class Look>
void measure_first_of_1e4(benchmark::State& state, const Look& look) {
  constexpr std::size_t count = 10'000;
  promises source(count);
  std::size_t next = 0;
  for (auto _ : state) {
    next = (next + 7919) % count;
    source.made[next].set_value(1);
    state.SetIterationTime(seconds_of([&] { require(look(source.futures) == 1, "one of many is done"); }));
    source.made[next] = heddle::promise<int>();
    source.futures[next] = source.made[next].get_future();
  }
}

void first_of_1e4_wait(benchmark::State& state) {
  measure_first_of_1e4(
      state, [](auto& futures) { return heddle::wait(futures, {.return_when = heddle::first_completed}).done.size(); });
}

void first_of_1e4_scan(benchmark::State& state) {
  measure_first_of_1e4(state, [](auto& futures) {
    std::size_t done = 0;
    for (const heddle::future<int>& each : futures) done += each.done() ? 1U : 0U;
    return done;
  });
}

// ---- S6: a wavefront over a square, each cell after the one above it and the one to its left

constexpr std::size_t side = 1000;

void graph_1e6_heddle(benchmark::State& state) {
  heddle::thread_pool_executor pool({.max_workers = thread_count(state)});
  call_count& calls = call_count::of_program();
  for (auto _ : state) {
    const std::uint64_t before = calls.total();
    std::vector<heddle::future<void>> cells;
    cells.reserve(side * side);
    const auto call = [] { count_call(); };
    for (std::size_t i = 0; i < side * side; ++i) {
      const bool has_above = i >= side;
      const bool has_left = i % side != 0;
      if (has_above && has_left) {
        cells.push_back(pool.submit_after(cells[i - side], cells[i - 1], call));
      } else if (has_above || has_left) {
        cells.push_back(pool.submit_after(cells[has_above ? i - side : i - 1], call));
      } else {
        cells.push_back(pool.submit(call));
      }
    }
    cells.back().result();
    require(calls.total() == before + side * side, "the number of calls of a graph");
  }
  report_per_item(state, side * side);
}

#ifdef HEDDLE_BENCH_TBB

void graph_1e6_tbb(benchmark::State& state) {
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, thread_count(state));
  call_count& calls = call_count::of_program();
  using node = tbb::flow::continue_node<tbb::flow::continue_msg>;
  for (auto _ : state) {
    const std::uint64_t before = calls.total();
    tbb::flow::graph graph;
    std::vector<node> cells;
    cells.reserve(side * side);
    for (std::size_t i = 0; i < side * side; ++i) {
      cells.emplace_back(graph, [](const tbb::flow::continue_msg&) { count_call(); });
      if (i >= side) tbb::flow::make_edge(cells[i - side], cells[i]);
      if (i % side != 0) tbb::flow::make_edge(cells[i - 1], cells[i]);
    }
    cells.front().try_put(tbb::flow::continue_msg());
    graph.wait_for_all();
    require(calls.total() == before + side * side, "the number of calls of a graph");
  }
  report_per_item(state, side * side);
}

#endif

const bool registered = [] {
  add("promise_get", "heddle", promise_get<heddle::promise<int>>, {1});
  add("promise_get", "std", promise_get<std::promise<int>>, {1});
  add("promise_told", "heddle", promise_told<true>, {1});
  add("promise_not_told", "heddle", promise_told<false>, {1});
  add("then_chain_1e6", "heddle", then_chain_1e6, {1})->Unit(benchmark::kMillisecond);
  add_timed_by_hand("as_completed_1e6", "heddle", as_completed_1e6, 3, {1})->Unit(benchmark::kMillisecond);
  add_timed_by_hand("completion_set_1e6", "heddle", completion_set_1e6, 3, {1})->Unit(benchmark::kMillisecond);
  add_timed_by_hand("first_of_1e4", "heddle", first_of_1e4_wait, 1000, {1});
  add_timed_by_hand("first_of_1e4", "bare_scan", first_of_1e4_scan, 1000, {1});
  add("graph_1e6", "heddle", graph_1e6_heddle)->Unit(benchmark::kMillisecond);
#ifdef HEDDLE_BENCH_TBB
  add("graph_1e6", "tbb", graph_1e6_tbb)->Unit(benchmark::kMillisecond);
#endif
  return true;
}();

}  // namespace
