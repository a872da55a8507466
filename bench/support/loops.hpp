// SPDX-License-Identifier: MIT
// Parallel loops in each runtime's own way, behind one interface, so that a benchmark's body is written once.
#pragma once

#include <chrono>
#include <cstddef>

#include <heddle/parallel_for.hpp>
#include <heddle/thread_pool_executor.hpp>

#include "support/heddle_threads.hpp"
#include "support/placement.hpp"

#ifdef HEDDLE_BENCH_TBB
#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <compare>
#include <execution>
#include <iterator>
#include <version>

#include "support/tbb_threads.hpp"
#endif

#ifdef HEDDLE_BENCH_OPENMP
#include "support/openmp_threads.hpp"
#endif

// Every runtime has:
//   R(threads)               the caller and threads - 1 others, each on a CPU of its own
//   run(f)                   calls f() where loops use these threads
//   each(n, body)            body(i) for each i below n
//   ranges(n, body)          body(i, j) for intervals, where the runtime has such loops

namespace heddle_bench {

class serial_loops {
 public:
  explicit serial_loops(unsigned) {}

  template <class F>
  void run(F&& f) {
    f();
  }
  template <class Body>
  void each(std::size_t size, const Body& body) {
    for (std::size_t i = 0; i < size; ++i) body(i);
  }
  template <class Body>
  void ranges(std::size_t size, const Body& body) {
    body(0, size);
  }

 private:
  pinned_caller pinned_;
};

class heddle_loops {
 public:
  explicit heddle_loops(unsigned threads) : pool_(workers_beside_caller(threads)) {}

  template <class F>
  void run(F&& f) {
    f();
  }
  template <class Body>
  void each(std::size_t size, const Body& body) {
    heddle::parallel_for(pool_, std::size_t{0}, size, body);
  }
  template <class Body>
  void ranges(std::size_t size, const Body& body) {
    heddle::parallel_for(pool_, std::size_t{0}, size, body);
  }

  template <class F>
  void with_late_others(std::chrono::nanoseconds lateness, F&& f) {
    call_with_late_workers(pool_, lateness, f);
  }

 private:
  heddle::thread_pool_executor pool_;
  pinned_caller pinned_;
};

#ifdef HEDDLE_BENCH_TBB

class tbb_loops {
 public:
  explicit tbb_loops(unsigned threads) : threads_(threads) {}

  template <class F>
  void run(F&& f) {
    threads_.execute(f);
  }
  template <class Body>
  void each(std::size_t size, const Body& body) {
    tbb::parallel_for(std::size_t{0}, size, body);
  }
  template <class Body>
  void ranges(std::size_t size, const Body& body) {
    tbb::parallel_for(tbb::blocked_range<std::size_t>(0, size),
                      [&](const tbb::blocked_range<std::size_t>& part) { body(part.begin(), part.end()); });
  }

 private:
  tbb_threads threads_;
  pinned_caller pinned_;
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

class std_par_loops {
 public:
  explicit std_par_loops(unsigned threads) : threads_(threads) {}

  template <class F>
  void run(F&& f) {
    threads_.execute(f);
  }
  template <class Body>
  void each(std::size_t size, const Body& body) {
    std::for_each(std::execution::par, index_iterator(0), index_iterator(size), body);
  }

 private:
  tbb_threads threads_;
  pinned_caller pinned_;
};

#endif
#endif

#ifdef HEDDLE_BENCH_OPENMP

template <omp_sched_t Schedule>
class openmp_loops {
 public:
  explicit openmp_loops(unsigned threads) : threads_(threads) { omp_set_schedule(Schedule, 0); }

  template <class F>
  void run(F&& f) {
    f();
  }
  template <class Body>
  void each(std::size_t size, const Body& body) {
#pragma omp parallel for schedule(runtime)
    for (std::size_t i = 0; i < size; ++i) body(i);
  }

 private:
  openmp_threads threads_;
  pinned_caller pinned_;
};

#endif

}  // namespace heddle_bench
