// SPDX-License-Identifier: MIT
// Pools that take jobs from outside, behind one interface. Their threads run where the system puts them.
#pragma once

#include <future>
#include <memory>
#include <utility>

#include <heddle/future.hpp>
#include <heddle/thread_pool_executor.hpp>

#ifdef HEDDLE_BENCH_TBB
#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#endif

#ifdef HEDDLE_BENCH_ASIO
#include <asio/post.hpp>
#include <asio/thread_pool.hpp>
#endif

// Every executor E has:
//   E(workers)
//   submit(f)       the future of f()'s result
//   post(f)         f(), without a future
//   E::result(future)

namespace heddle_bench {

class heddle_pool {
 public:
  explicit heddle_pool(unsigned workers) : pool_({.max_workers = workers}) {}

  template <class F>
  auto submit(F f) {
    return pool_.submit(std::move(f));
  }
  template <class F>
  void post(F f) {
    pool_.post(std::move(f));
  }
  template <class T>
  static T result(heddle::future<T>& of) {
    return of.result();
  }

 private:
  heddle::thread_pool_executor pool_;
};

/// The base of those whose futures are the standard's.
struct std_futures {
  template <class T>
  static T result(std::future<T>& of) {
    return of.get();
  }
};

/// submit() for the pools without futures of their own, as their users write it.
template <class Pool, class F>
auto post_packaged(Pool& pool, F f) {
  std::packaged_task<decltype(f())()> task(std::move(f));
  auto future = task.get_future();
  pool.post(std::move(task));
  return future;
}

class std_async : public std_futures {
 public:
  explicit std_async(unsigned) {}

  template <class F>
  auto submit(F f) {
    return std::async(std::launch::async, std::move(f));
  }
};

#ifdef HEDDLE_BENCH_TBB

class tbb_pool : public std_futures {
 public:
  explicit tbb_pool(unsigned workers)
      : limit_(tbb::global_control::max_allowed_parallelism, workers + 1), arena_(static_cast<int>(workers), 0) {}

  template <class F>
  auto submit(F f) {
    return post_packaged(*this, std::move(f));
  }
  template <class F>
  void post(F f) {
    arena_.enqueue(std::move(f));
  }
  /// On the heap, for TBB copies what it queues.
  template <class T>
  void post(std::packaged_task<T()> task) {
    arena_.enqueue([task = std::make_shared<std::packaged_task<T()>>(std::move(task))] { (*task)(); });
  }

 private:
  tbb::global_control limit_;
  tbb::task_arena arena_;
};

#endif

#ifdef HEDDLE_BENCH_ASIO

class asio_pool : public std_futures {
 public:
  explicit asio_pool(unsigned workers) : pool_(workers) {}
  asio_pool(const asio_pool&) = delete;
  asio_pool& operator=(const asio_pool&) = delete;
  ~asio_pool() { pool_.join(); }

  template <class F>
  auto submit(F f) {
    return post_packaged(*this, std::move(f));
  }
  template <class F>
  void post(F f) {
    asio::post(pool_, std::move(f));
  }

 private:
  asio::thread_pool pool_;
};

#endif

}  // namespace heddle_bench
