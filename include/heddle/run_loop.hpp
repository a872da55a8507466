// SPDX-License-Identifier: MIT
// What loops of every kind are made of: intervals of numbers, worked off by the caller and an executor together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>
#include <vector>

#include <heddle/base/sectioning.hpp>
#include <heddle/errors.hpp>
#include <heddle/executor.hpp>
#include <heddle/future.hpp>
#include <heddle/launcher.hpp>
#include <heddle/priority.hpp>
#include <heddle/scheduling/adaptive_loop.hpp>
#include <heddle/scheduling/loop_body.hpp>
#include <heddle/scheduling/section_loop.hpp>
#include <heddle/sync/this_thread.hpp>
#include <heddle/thread_pool_executor.hpp>

namespace heddle {

/// Calls of a loop that run on an executor while the caller works on the same loop. The end of the scope waits for
/// those that have begun and cancels the others.
template <executor E>
class loop_helpers {
 public:
  explicit loop_helpers(E& on) noexcept : on_(on) {}
  loop_helpers(const loop_helpers&) = delete;
  loop_helpers& operator=(const loop_helpers&) = delete;
  ~loop_helpers() {
    for (auto& helper : helpers_) helper.cancel();
    for (auto& helper : helpers_) helper.wait();
  }

  /// Asks for `count` calls of `help`. Gets fewer where memory ends or the executor was shut down: the caller then runs
  /// more of the loop, or all of it.
  template <class Help>
  void ask_for(std::uint64_t count, const Help& help) {
    try {
      helpers_.reserve(static_cast<std::size_t>(count));
      while (helpers_.size() < count) helpers_.push_back(on_.submit(help));
    } catch (const executor_shutdown_error&) {
    } catch (const std::bad_alloc&) {
    }
  }

 private:
  E& on_;
  std::vector<future<void>> helpers_;
};

/// No loop asks for more.
inline constexpr std::uint64_t most_loop_workers = 4096;

/// Runs `body` for intervals that together are [0, size), by the caller and up to max_workers() - 1 calls on the
/// executor; see scheduling::section_loop.
template <executor E>
void run_loop_by_calls(E& on, std::uint64_t size, scheduling::loop_body body) {
  constexpr std::uint64_t sections_per_worker = 32;  // enough that the last ones to finish wait little for each other
  // Of an executor of somebody else's the number may be anything.
  const auto claimed = static_cast<std::uint64_t>(on.max_workers());
  const std::uint64_t workers = claimed < 1 ? 1 : claimed > most_loop_workers ? most_loop_workers : claimed;
  const std::uint64_t wanted = workers * sections_per_worker;
  const std::uint64_t sections = workers == 1 ? 1 : size < wanted ? size : wanted;
  if (size == 0) return;
  scheduling::section_loop loop(size, sections, body);
  {
    loop_helpers helpers(on);
    helpers.ask_for((sections < workers ? sections : workers) - 1, [&loop] { loop.run(); });
    const sync::blocking_allowed in_body;
    loop.run();
  }
  loop.rethrow_failure();
}

/// False for an executor whose calls run in other processes, and the compiler says what there is for those.
template <class E>
inline constexpr bool loop_stays_here = [] {
  static_assert(!remote_executor<E>,
                "the calls of this loop share memory, and calls in worker processes do not: for those there are "
                "parallel_map(procs, f, xs), parallel_for_each(procs, xs, f), which writes to a heddle::shared_array, "
                "and procs.map(f, xs)");
  return !remote_executor<E>;
}();

/// Runs `body(first, last, at)`, see scheduling::loop_body, by whatever the executor has for it. What loops of every
/// kind are made of.
template <executor E, class Body>
void run_loop(E& on, std::uint64_t size, Body body) {
  if constexpr (loop_stays_here<E>) run_loop_by_calls(on, size, scheduling::loop_body(body));
}

/// On threads: they divide it among themselves as they become free.
template <class Body>
void run_loop(thread_pool_executor& on, std::uint64_t size, Body body) {
  const sync::blocking_allowed in_body;
  scheduling::run_loop(thread_pool_access::crew_of(on), size, body);
}

/// On threads, at a priority: calls have one, and parts of a loop that free threads take do not.
template <class Body>
void run_loop(prioritized<thread_pool_executor> on, std::uint64_t size, Body body) {
  if (on.level() == priority::normal) return run_loop(on.pool(), size, body);
  static_cast<void>(thread_pool_access::crew_of(on.pool()));  // throws where it does on the pool
  run_loop_by_calls(on, size, scheduling::loop_body(body));
}

/// `chunksize`: how many iterations belong together, the last ones may be fewer; 0 is 1, and as many as take some 10 ms
/// in worker processes. A thread takes one chunk or several at a time: as many as take about a microsecond, which is
/// measured while the loop runs. So it need not be set for speed, but where neighbours should be done by one thread:
/// the rows of a tile, the elements of a cache line.
struct loop_options {
  std::size_t chunksize = 0;
};

/// The body of a loop over chunks: calls that of the loop over what is in them.
template <class Body>
class chunk_body {
 public:
  chunk_body(Body body, base::chunking chunks) : body_(std::move(body)), chunks_(chunks) {}

  void operator()(std::uint64_t, std::uint64_t end, std::uint64_t& at) {
    for (; at != end; ++at) {
      const base::section chunk = chunks_[at];
      std::uint64_t item = chunk.first;
      body_(chunk.first, chunk.last, item);
    }
  }

 private:
  Body body_;
  base::chunking chunks_;
};

template <class E, class Body>
void run_loop(E& on, std::uint64_t size, Body body, const loop_options& options) {
  const base::chunking chunks(size, options.chunksize != 0 ? options.chunksize : 1);
  run_loop(on, chunks.count(), chunk_body<Body>(std::move(body), chunks));
}

}  // namespace heddle
