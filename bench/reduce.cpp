// SPDX-License-Identifier: MIT
// The sum of 1e8 doubles and their running sums, where memory is the limit, and a reduction that needs the order of the
// elements.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <numeric>
#include <vector>

#include <heddle/parallel_reduce.hpp>
#include <heddle/parallel_scan.hpp>

#include "support/placement.hpp"
#include "support/registration.hpp"
#include "support/runtimes.hpp"

#ifdef HEDDLE_BENCH_TBB
#include <tbb/blocked_range.h>
#include <tbb/parallel_reduce.h>
#include <tbb/parallel_scan.h>

#include <execution>
#include <version>
#endif

namespace {

using namespace heddle_bench;

constexpr std::size_t size = 100'000'000;

/// 0, 1, ... 7 again and again: any order gives the same sum. At the end 0.5 and 0, for last_other_than_zero.
const std::vector<double>& numbers() {
  static const std::vector<double> kept = [] {
    std::vector<double> made(size);
    for (std::size_t i = 0; i < size; ++i) made[i] = static_cast<double>(i % 8);
    made[size - 2] = 0.5;
    made[size - 1] = 0;
    return made;
  }();
  return kept;
}

struct sum : std::plus<double> {
  static constexpr double expected = size * 3.5 - 6 - 7 + 0.5;
};

/// Associative and not commutative: whoever mixes up the order finds another element.
struct last_other_than_zero {
  static constexpr double expected = 0.5;
  double operator()(double a, double b) const { return b != 0 ? b : a; }
};

class serial_reduce : public serial_runtime {
 public:
  using serial_runtime::serial_runtime;

  template <class Operation>
  double reduce(const std::vector<double>& xs, Operation operation) {
    return std::accumulate(xs.begin(), xs.end(), 0.0, operation);
  }
  void scan(const std::vector<double>& xs, std::vector<double>& out) {
    std::inclusive_scan(xs.begin(), xs.end(), out.begin(), std::plus<double>());
  }
};

class heddle_reduce : public heddle_runtime {
 public:
  using heddle_runtime::heddle_runtime;

  double reduce(const std::vector<double>& xs, sum) {
    return heddle::parallel_reduce(pool(), xs, 0.0, std::plus<double>());
  }
  double reduce(const std::vector<double>& xs, last_other_than_zero operation) {
    return heddle::parallel_reduce(pool(), xs, 0.0, operation);
  }
  void scan(const std::vector<double>& xs, std::vector<double>& out) {
    heddle::parallel_inclusive_scan(pool(), xs, out, std::plus<double>());
  }
};

#ifdef HEDDLE_BENCH_TBB

class tbb_reduce : public tbb_runtime {
 public:
  using tbb_runtime::tbb_runtime;

  template <class Operation>
  double reduce(const std::vector<double>& xs, Operation operation) {
    return tbb::parallel_reduce(
        tbb::blocked_range<const double*>(xs.data(), xs.data() + xs.size()), 0.0,
        [operation](const tbb::blocked_range<const double*>& part, double value) {
          return std::accumulate(part.begin(), part.end(), value, operation);
        },
        operation);
  }
  void scan(const std::vector<double>& xs, std::vector<double>& out) {
    tbb::parallel_scan(
        tbb::blocked_range<std::size_t>(0, xs.size()), 0.0,
        [from = xs.data(), to = out.data()](const tbb::blocked_range<std::size_t>& part, double total, bool is_final) {
          if (!is_final) return std::accumulate(from + part.begin(), from + part.end(), total);
          for (std::size_t i = part.begin(); i != part.end(); ++i) to[i] = total += from[i];
          return total;
        },
        std::plus<double>());
  }
};

#ifdef __cpp_lib_parallel_algorithm

class std_par_reduce : public tbb_runtime {
 public:
  using tbb_runtime::tbb_runtime;

  double reduce(const std::vector<double>& xs, sum) {
    return std::reduce(std::execution::par_unseq, xs.begin(), xs.end(), 0.0);
  }
  void scan(const std::vector<double>& xs, std::vector<double>& out) {
    std::inclusive_scan(std::execution::par_unseq, xs.begin(), xs.end(), out.begin(), std::plus<double>());
  }
};

#endif
#endif

#ifdef HEDDLE_BENCH_OPENMP

class openmp_reduce : public openmp_runtime {
 public:
  using openmp_runtime::openmp_runtime;

  double reduce(const std::vector<double>& xs, sum) {
    const double* const first = xs.data();
    const std::size_t count = xs.size();
    double total = 0;
#pragma omp parallel for simd reduction(+ : total)
    for (std::size_t i = 0; i < count; ++i) total += first[i];
    return total;
  }
#ifndef __clang__  // which keeps as many sums as there are elements on the stack
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // in what GCC makes of the scan
  void scan(const std::vector<double>& xs, std::vector<double>& out) {
    const double* const from = xs.data();
    double* const to = out.data();
    const std::size_t count = xs.size();
    double total = 0;
#pragma omp parallel for simd reduction(inscan, + : total)
    for (std::size_t i = 0; i < count; ++i) {
      total += from[i];
#pragma omp scan inclusive(total)
      to[i] = total;
    }
  }
#pragma GCC diagnostic pop
#endif
};

#endif

template <class Reduce, class Operation>
void reduce_1e8(benchmark::State& state) {
  const std::vector<double>& xs = numbers();
  Reduce runtime(thread_count(state));
  runtime.run([&] {
    for (auto _ : state) require(runtime.reduce(xs, Operation()) == Operation::expected, "a reduction");
  });
}

template <class Reduce>
void scan_1e8(benchmark::State& state) {
  const std::vector<double>& xs = numbers();
  std::vector<double> totals(size);
  Reduce runtime(thread_count(state));
  runtime.run([&] {
    for (auto _ : state) {
      runtime.scan(xs, totals);
      require(totals[size / 2 - 1] == size * 1.75 && totals.back() == sum::expected, "a scan");
    }
  });
}

/// What a scan cannot do without: all is read once and written once.
void copy_1e8(benchmark::State& state) {
  const std::vector<double>& xs = numbers();
  std::vector<double> copy(size);
  const pinned_caller pinned;
  for (auto _ : state) {
    std::copy(xs.begin(), xs.end(), copy.begin());
    require(copy.back() == xs.back(), "a copy");
  }
}

const bool registered = [] {
  using benchmark::kMillisecond;
  add("sum_1e8", "serial", reduce_1e8<serial_reduce, sum>, {1})->Unit(kMillisecond);
  add("ordered_1e8", "serial", reduce_1e8<serial_reduce, last_other_than_zero>, {1})->Unit(kMillisecond);
  add("scan_1e8", "serial", scan_1e8<serial_reduce>, {1})->Unit(kMillisecond);
  add("scan_1e8", "copy", copy_1e8, {1})->Unit(kMillisecond);
  add("sum_1e8", "heddle", reduce_1e8<heddle_reduce, sum>)->Unit(kMillisecond);
  add("ordered_1e8", "heddle", reduce_1e8<heddle_reduce, last_other_than_zero>)->Unit(kMillisecond);
  add("scan_1e8", "heddle", scan_1e8<heddle_reduce>)->Unit(kMillisecond);
#ifdef HEDDLE_BENCH_TBB
  add("sum_1e8", "tbb", reduce_1e8<tbb_reduce, sum>)->Unit(kMillisecond);
  add("ordered_1e8", "tbb", reduce_1e8<tbb_reduce, last_other_than_zero>)->Unit(kMillisecond);
  add("scan_1e8", "tbb", scan_1e8<tbb_reduce>)->Unit(kMillisecond);
#ifdef __cpp_lib_parallel_algorithm
  add("sum_1e8", "std_par", reduce_1e8<std_par_reduce, sum>)->Unit(kMillisecond);
  add("scan_1e8", "std_par", scan_1e8<std_par_reduce>)->Unit(kMillisecond);
#endif
#endif
#ifdef HEDDLE_BENCH_OPENMP
  add("sum_1e8", "openmp", reduce_1e8<openmp_reduce, sum>)->Unit(kMillisecond);
#ifndef __clang__
  add("scan_1e8", "openmp", scan_1e8<openmp_reduce>)->Unit(kMillisecond);
#endif
#endif
  return true;
}();

}  // namespace
