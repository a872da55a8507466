// SPDX-License-Identifier: MIT
// What a thread pool can be asked for when it starts.
#pragma once

#include <cstddef>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>

#include <heddle/base/available_parallelism.hpp>
#include <heddle/base/unique_function.hpp>
#include <heddle/pending_room.hpp>
#include <heddle/scheduling/pool.hpp>
#include <heddle/scheduling/pool_settings.hpp>
#include <heddle/scheduling/stand_ins.hpp>
#include <heddle/scheduling/thread.hpp>

namespace heddle {

using base::available_parallelism;
using scheduling::affinity;
using scheduling::order;

struct thread_pool_options {
  /// How many threads: 1 to 4096.
  std::size_t max_workers = available_parallelism();
  /// Threads are called `<prefix>_0`, `<prefix>_1`, ...
  std::string thread_name_prefix = "heddle";
  /// Each worker, and each thread that stands in for one, calls it before its first task, several at the same time.
  /// (One that waits in it for a call of this pool may run that call.) If it throws, the pool is broken: every queued
  /// and later call gets broken_thread_pool, with what was thrown nested inside; one that began before may go on in the
  /// thread whose initializer threw, if that was to lend its stack.
  base::unique_function<void()> initializer = nullptr;
  /// Each thread calls it after its last task, if its initializer did not throw; several at the same time. The thread
  /// is no worker any more: while the pool is open, what it submits is run by others, and it runs its parallel loops
  /// alone. What it throws is reported on the standard error stream and ignored.
  base::unique_function<void()> finalizer = nullptr;
  /// Of each thread's stack, in bytes; 0: what the system gives, 8 MiB as a rule. Tasks that wait for tasks that wait
  /// go on in another thread when three quarters of it are used up, so a task that is waited for may find no more than
  /// a quarter left; and it limits how deep they nest, since there are 2,048 such threads.
  std::size_t stack_size = 0;
  /// On which CPUs the threads run. automatic: on any that the thread which makes the pool may use. spread: worker i
  /// stays on the i-th of those CPUs, and where there are more workers than CPUs they begin anew; for work of some
  /// 100 us that comes when the workers are idle, where the system would leave two threads on one CPU for a while.
  /// Stand-ins are free. Threads that a worker starts inherit its CPU, and available_parallelism() in a worker is 1.
  /// Linux only; elsewhere all threads are free.
  heddle::affinity affinity = heddle::affinity::automatic;
  /// In which order a worker begins the calls that it submitted itself. lifo: the newest first, while others take its
  /// oldest, so that recursive spawning keeps few calls waiting and each worker has a queue of its own. fifo: they go
  /// the way of calls from outside, and calls of all threads begin in the order of submission, by priority. All workers
  /// then share one queue, which costs throughput where calls are short. A pool that is made with one worker is fifo in
  /// any case.
  heddle::order order = heddle::order::lifo;
  /// How many threads may stand in at a time for workers that block: 0 to 59391. Left out: 256, and none in a pool of
  /// one worker, which runs one call after the other, so that they may share what nothing guards; what blocks there
  /// blocks the pool. With some, other calls of such a pool begin while one blocks, and two may run at a time for a
  /// moment when that one goes on. Threads that lend their stack where waits nest too deep do not count. Where it is
  /// not enough, work waits until a worker goes on; a task_group::wait() whose call lies in the queue of a worker that
  /// waits itself may then wait for ever.
  std::optional<std::size_t> max_stand_ins = std::nullopt;

  /// How many submitted and posted calls may wait to begin, of all priorities together; 0: as many as memory holds.
  /// One that is cancelled gives its place back as it is destroyed. Those of submit_after(), every(), then(), loops and
  /// groups do not count. A bulk is then submitted one by one, not as a whole or not at all.
  std::size_t max_pending = 0;
  /// What happens to a call that is one too many.
  heddle::when_full when_full = heddle::when_full::block;
  /// Called with what a posted call throws, in the thread that runs it, by several at the same time; what it throws
  /// itself ends the program. Without one, what a posted call throws ends the program at the throw, with the stack that
  /// it was thrown on.
  base::unique_function<void(const std::exception_ptr&)> on_unhandled = nullptr;

  static constexpr std::size_t most_workers = 4096;
  static constexpr std::size_t usual_stand_ins = 256;
  static constexpr std::size_t most_stand_ins =
      scheduling::pool::most_threads - most_workers - scheduling::stand_ins::most(0);

  /// Throws std::invalid_argument if a number is out of its range.
  void check() const {
    check_max_workers(max_workers, "leave it out for one thread per available CPU");
    const std::size_t smallest = scheduling::thread::smallest_stack();
    if (stack_size != 0 && stack_size < smallest) {
      refuse("stack_size must be at least " + std::to_string(smallest) + " bytes, what a thread needs", stack_size,
             "leave it out for what the system gives");
    }
    if (stand_ins() > most_stand_ins) {
      refuse("max_stand_ins must be 0 to " + std::to_string(most_stand_ins), stand_ins(), "leave it out for up to 256");
    }
  }

  static void check_max_workers(std::size_t given, const char* advice) {
    if (given < 1 || given > most_workers) {
      refuse("max_workers must be 1 to " + std::to_string(most_workers), given, advice);
    }
  }

  [[nodiscard]] std::size_t stand_ins() const noexcept {
    return max_stand_ins.value_or(max_workers == 1 ? 0 : usual_stand_ins);
  }

  /// What to say where the system does not start the threads.
  [[nodiscard]] std::string could_not_start() const {
    const std::string said = "could not start " + std::to_string(max_workers) + " threads";
    if (stack_size == 0) return said + "; ask for fewer max_workers, or raise the system's limit";
    return said + " with stacks of " + std::to_string(stack_size) +
           " bytes; ask for fewer max_workers or another stack_size, or raise the system's limit";
  }

 private:
  [[noreturn]] static void refuse(const std::string& rule, std::size_t given, const char* advice) {
    throw std::invalid_argument(rule + ", and is " + std::to_string(given) + "; " + advice);
  }
};

static_assert(thread_pool_options::most_stand_ins == 59391, "the number in the comments");

}  // namespace heddle
