// SPDX-License-Identifier: MIT
// Parallel loops: how short one may be, hot and when all workers sleep, how even the work is spread, how it nests.

#include <benchmark/benchmark.h>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <utility>
#include <vector>

#include "support/latencies.hpp"
#include "support/loops.hpp"
#include "support/page_aligned.hpp"
#include "support/ping_pong.hpp"
#include "support/placement.hpp"
#include "support/registration.hpp"
#include "support/work.hpp"

namespace {

using namespace heddle_bench;
using namespace std::chrono_literals;

/// No runtime, but what the machine takes at least for a loop of two: a thread on another CPU waits awake, does the
/// second item and answers.
class bare_pair {
 public:
  explicit bare_pair(unsigned) {}

  template <class F>
  void run(F&& f) {
    f();
  }
  template <class Body>
  void each(std::size_t, const Body& body) {
    other_.exchange([&body] { body(1); }, [&body] { body(0); });
  }

 private:
  ping_pong<spinning> other_{ping_pong_cpus::one_each};
};

/// Short loops, one after the other: the helpers have no time to fall asleep.
template <class Loops, int BodyMicroseconds>
void hot_2(benchmark::State& state) {
  Loops loops(thread_count(state));
  const work body{std::chrono::microseconds(BodyMicroseconds)};
  std::uint8_t done[2]{};
  loops.run([&] {
    for (auto _ : state) {
      loops.each(2, [&](std::size_t i) {
        if constexpr (BodyMicroseconds > 0) body();
        done[i] = 1;
        benchmark::ClobberMemory();
      });
    }
  });
  require(done[0] + done[1] == 2, "a loop of two");
}

/// The same after a pause in which everybody has fallen asleep.
template <class Loops, int BodyMicroseconds>
void parked_2(benchmark::State& state) {
  Loops loops(thread_count(state));
  const work body{std::chrono::microseconds(BodyMicroseconds)};
  std::uint8_t done[2]{};
  latencies measured;
  loops.run([&] {
    for (auto _ : state) {
      std::this_thread::sleep_for(3ms);
      const double seconds = seconds_of([&] {
        loops.each(2, [&](std::size_t i) {
          if constexpr (BodyMicroseconds > 0) body();
          done[i] = 1;
          benchmark::ClobberMemory();
        });
      });
      state.SetIterationTime(seconds);
      measured.add(seconds);
    }
  });
  require(done[0] + done[1] == 2, "a loop of two");
  measured.report(state);
}

/// Eight bodies of 10 ms; whoever helps comes after 1 ms.
template <class Loops>
void late_loop_8x10ms(benchmark::State& state) {
  Loops loops(thread_count(state));
  const work body(10ms);
  for (auto _ : state) {
    loops.with_late_others(
        1ms, [&] { state.SetIterationTime(seconds_of([&] { loops.each(8, [&](std::size_t) { body(); }); })); });
  }
}

constexpr std::size_t sqrt_size = 10'000'000;

void require_roots(page_aligned<double>& x) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    require(x[i] == std::sqrt(static_cast<double>(i)) + 1, "sqrt");
    x[i] = 0;
  }
}

template <class Loops>
void sqrt_by_element(benchmark::State& state) {
  page_aligned<double> x(sqrt_size);
  Loops loops(thread_count(state));
  loops.run([&] {
    for (auto _ : state) {
      loops.each(sqrt_size, [out = x.data()](std::size_t i) { out[i] = std::sqrt(static_cast<double>(i)) + 1; });
      benchmark::ClobberMemory();
    }
  });
  require_roots(x);
}

template <class Loops>
void sqrt_by_range(benchmark::State& state) {
  page_aligned<double> x(sqrt_size);
  Loops loops(thread_count(state));
  loops.run([&] {
    for (auto _ : state) {
      loops.ranges(sqrt_size, [out = x.data()](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) out[i] = std::sqrt(static_cast<double>(i)) + 1;
      });
      benchmark::ClobberMemory();
    }
  });
  require_roots(x);
}

/// Bytes, as of a picture: what a compiler makes vectors of where it knows that none of them is a part of the body.
template <class Loops>
void invert(benchmark::State& state) {
  page_aligned<std::uint8_t> picture(10'000'000, 1);
  page_aligned<std::uint8_t> inverted(picture.size());
  Loops loops(thread_count(state));
  loops.run([&] {
    for (auto _ : state) {
      loops.each(picture.size(), [in = std::as_const(picture).data(), out = inverted.data()](std::size_t i) {
        out[i] = static_cast<std::uint8_t>(~in[i]);
      });
      benchmark::ClobberMemory();
    }
  });
  for (const auto each : inverted) require(each == 254, "a picture");
}

constexpr std::size_t uneven_size = 1000;

/// A loop whose body number i takes as long as `works[i]` says.
template <class Loops>
void uneven(benchmark::State& state, const std::vector<work>& works) {
  Loops loops(thread_count(state));
  std::vector<std::uint8_t> done(works.size());
  loops.run([&] {
    for (auto _ : state) {
      loops.each(works.size(), [&](std::size_t i) {
        works[i]();
        done[i] = 1;
      });
    }
  });
  for (const auto each : done) require(each == 1, "an uneven loop");
}

/// The cost of body i is proportional to i: 45 ms in all.
template <class Loops>
void linear_cost(benchmark::State& state) {
  constexpr double unit = 45e6 / (uneven_size * (uneven_size - 1) / 2.0);
  std::vector<work> works;
  works.reserve(uneven_size);
  for (std::size_t i = 0; i < uneven_size; ++i) works.emplace_back(nanoseconds(unit * static_cast<double>(i)));
  uneven<Loops>(state, works);
}

/// The last body is as long as all others together, 22 ms, and nobody can know that: at best two threads take 33 ms.
template <class Loops>
void long_tail(benchmark::State& state) {
  std::vector<work> works(uneven_size - 1, work(22ms / (uneven_size - 1.0)));
  works.emplace_back(22ms);
  uneven<Loops>(state, works);
}

/// A loop of 100 loops of 100 bodies, 650 us in all. OpenMP runs inner loops in one thread, its default.
template <class Loops>
void nested_100x100(benchmark::State& state) {
  Loops loops(thread_count(state));
  constexpr std::size_t side = 100;
  const work body(65ns);
  std::vector<std::uint32_t> done(side * side);
  loops.run([&] {
    for (auto _ : state) {
      loops.each(side, [&](std::size_t i) {
        loops.each(side, [&, i](std::size_t j) {
          body();
          ++done[side * i + j];
        });
      });
    }
  });
  for (const auto each : done) require(each == static_cast<std::uint64_t>(state.iterations()), "nested loops");
}

template <class Loops>
void add_all(const char* runtime, const thread_counts& threads = one_two_and_more()) {
  using benchmark::kMicrosecond;
  using benchmark::kMillisecond;
  add("hot_2_empty", runtime, hot_2<Loops, 0>, threads);
  add("hot_2x2us", runtime, hot_2<Loops, 2>, threads);
  add("hot_2x20us", runtime, hot_2<Loops, 20>, threads);
  add_timed_by_hand("parked_2_empty", runtime, parked_2<Loops, 0>, 100, threads);
  add_timed_by_hand("parked_2x20us", runtime, parked_2<Loops, 20>, 100, threads);
  add_timed_by_hand("parked_2x1ms", runtime, parked_2<Loops, 1000>, 100, threads);
  add("linear_cost", runtime, linear_cost<Loops>, threads)->Unit(kMillisecond);
  add("long_tail", runtime, long_tail<Loops>, threads)->Unit(kMillisecond);
  add("nested_100x100", runtime, nested_100x100<Loops>, threads)->Unit(kMicrosecond);
}

/// The rows of many short bodies.
template <class Loops>
void add_elements(const char* runtime, const thread_counts& threads = one_two_and_more()) {
  constexpr bool has_ranges = requires(Loops& loops) { loops.ranges(sqrt_size, [](std::size_t, std::size_t) {}); };
  add("sqrt_1e7_element", runtime, sqrt_by_element<Loops>, threads)->Unit(benchmark::kMillisecond);
  if constexpr (has_ranges) {
    add("sqrt_1e7_range", runtime, sqrt_by_range<Loops>, threads)->Unit(benchmark::kMillisecond);
  }
  add("invert_1e7", runtime, invert<Loops>, threads)->Unit(benchmark::kMillisecond);
}

const bool registered = [] {
  add_all<serial_loops>("serial", {1});
  add_elements<serial_loops>("serial", {1});
  add("hot_2_empty", "bare_pair", hot_2<bare_pair, 0>, {2});
  add("hot_2x2us", "bare_pair", hot_2<bare_pair, 2>, {2});
  add("hot_2x20us", "bare_pair", hot_2<bare_pair, 20>, {2});
  add_all<heddle_loops>("heddle");
  add_elements<heddle_loops>("heddle");
  add_timed_by_hand("late_loop_8x10ms", "heddle", late_loop_8x10ms<heddle_loops>, 5, {2})
      ->Unit(benchmark::kMillisecond);
#ifdef HEDDLE_BENCH_TBB
  add_all<tbb_loops>("tbb");
  add_elements<tbb_loops>("tbb");
#ifdef __cpp_lib_parallel_algorithm
  add_all<std_par_loops>("std_par");
  add_elements<std_par_loops>("std_par");
#endif
#endif
#ifdef HEDDLE_BENCH_OPENMP
  add_all<openmp_loops<omp_sched_static>>("openmp_static");
  add_elements<openmp_loops<omp_sched_static>>("openmp_static");
  add_all<openmp_loops<omp_sched_dynamic>>("openmp_dynamic");
#endif
  return true;
}();

}  // namespace
