// SPDX-License-Identifier: MIT
// Parallel loops in each runtime's own way, behind one interface, so that a benchmark's body is written once.
#pragma once

#include <chrono>
#include <cstddef>

#include <heddle/parallel_for.hpp>

#include "support/heddle_threads.hpp"
#include "support/runtimes.hpp"

#ifdef HEDDLE_BENCH_TBB
#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <compare>
#include <execution>
#include <iterator>
#include <version>
#endif

// Every runtime has, besides what support/runtimes.hpp says:
//   each(n, body)            body(i) for each i below n
//   ranges(n, body)          body(i, j) for intervals, where the runtime has such loops

namespace heddle_bench {

class serial_loops : public serial_runtime {
 public:
  using serial_runtime::serial_runtime;

  template <class Body>
  void each(std::size_t size, const Body& body) {
    for (std::size_t i = 0; i < size; ++i) body(i);
  }
  template <class Body>
  void ranges(std::size_t size, const Body& body) {
    body(0, size);
  }
};

class heddle_loops : public heddle_runtime {
 public:
  using heddle_runtime::heddle_runtime;

  template <class Body>
  void each(std::size_t size, const Body& body) {
    heddle::parallel_for(pool(), std::size_t{0}, size, body);
  }
  template <class Body>
  void ranges(std::size_t size, const Body& body) {
    heddle::parallel_for(pool(), std::size_t{0}, size, body);
  }

  template <class F>
  void with_late_others(std::chrono::nanoseconds lateness, F&& f) {
    call_with_late_workers(pool(), lateness, f);
  }
};

#ifdef HEDDLE_BENCH_TBB

class tbb_loops : public tbb_runtime {
 public:
  using tbb_runtime::tbb_runtime;

  template <class Body>
  void each(std::size_t size, const Body& body) {
    tbb::parallel_for(std::size_t{0}, size, body);
  }
  template <class Body>
  void ranges(std::size_t size, const Body& body) {
    tbb::parallel_for(tbb::blocked_range<std::size_t>(0, size),
                      [&](const tbb::blocked_range<std::size_t>& part) { body(part.begin(), part.end()); });
  }
};

#ifdef __cpp_lib_parallel_algorithm

/// A number where algorithms want an element: reading a list of numbers would be as much work as many bodies.
class index_iterator {
 public:
  using iterator_category = std::random_access_iterator_tag;
  using value_type = std::size_t;
  using difference_type = std::ptrdiff_t;
  using pointer = const std::size_t*;
  using reference = std::size_t;

  index_iterator() = default;
  explicit index_iterator(std::size_t index) : index_(index) {}

  std::size_t operator*() const { return index_; }
  index_iterator& operator++() {
    ++index_;
    return *this;
  }
  friend index_iterator operator+(index_iterator from, std::ptrdiff_t by) {
    return index_iterator(from.index_ + static_cast<std::size_t>(by));
  }
  friend std::ptrdiff_t operator-(index_iterator to, index_iterator from) {
    return static_cast<std::ptrdiff_t>(to.index_ - from.index_);
  }
  friend auto operator<=>(const index_iterator&, const index_iterator&) = default;

 private:
  std::size_t index_ = 0;
};

class std_par_loops : public tbb_runtime {
 public:
  using tbb_runtime::tbb_runtime;

  template <class Body>
  void each(std::size_t size, const Body& body) {
    std::for_each(std::execution::par, index_iterator(0), index_iterator(size), body);
  }
};

#endif
#endif

#ifdef HEDDLE_BENCH_OPENMP

template <omp_sched_t Schedule>
class openmp_loops : public openmp_runtime {
 public:
  explicit openmp_loops(unsigned threads) : openmp_runtime(threads) { omp_set_schedule(Schedule, 0); }

  template <class Body>
  void each(std::size_t size, const Body& body) {
#pragma omp parallel for schedule(runtime)
    for (std::size_t i = 0; i < size; ++i) body(i);
  }
};

#endif

}  // namespace heddle_bench
