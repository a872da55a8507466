// SPDX-License-Identifier: MIT
// Threads that run jobs, help each other and their guests with fork-join work, and sleep while there is none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

#include <heddle/base/atomic.hpp>
#include <heddle/base/barrier.hpp>
#include <heddle/base/cpu.hpp>
#include <heddle/base/fork_count.hpp>
#include <heddle/base/unique_function.hpp>
#include <heddle/base/usable_cpus.hpp>
#include <heddle/queue/injection_queue.hpp>
#include <heddle/queue/job.hpp>
#include <heddle/queue/lane.hpp>
#include <heddle/queue/task_stack.hpp>
#include <heddle/scheduling/crew.hpp>
#include <heddle/scheduling/join.hpp>
#include <heddle/scheduling/participant.hpp>
#include <heddle/scheduling/stand_ins.hpp>
#include <heddle/scheduling/thread.hpp>
#include <heddle/scheduling/worker.hpp>
#include <heddle/sync/patience.hpp>
#include <heddle/sync/stack_bounds.hpp>
#include <heddle/sync/this_thread.hpp>

namespace heddle::scheduling {

/// A fixed number of workers, started by the constructor and joined by join(), and stand-ins for those that block. It
/// runs jobs and knows no futures.
///
/// A job from outside goes into `jobs_`, one from a worker into its own deque; a pool of one takes all from `jobs_`, in
/// order. Who writes what: anybody pushes into `jobs_`; close() and a worker whose start failed close it. A closed pool
/// runs what is queued; a broken one refuses it, with the error that broke it. `failure_` is written once, before
/// `broken_`.
class pool {
 public:
  /// left_behind: this process is a child of the one that started the pool's threads, which are not here.
  enum class admission { accepted, closed, broken, left_behind };

  /// Called by each worker with its index before its first job; if one throws, the pool breaks with that exception.
  using start_hook = base::unique_function<void(std::size_t)>;

  /// `owner` is what façades find by owner_of_this_thread(). `stack_size`: of each thread, in bytes; 0: as the system
  /// does. Throws std::system_error if a thread cannot be started, after those that were started have ended.
  pool(std::size_t workers, start_hook on_start, void* owner, std::size_t stack_size = 0)
      : crew_(this, workers, stand_ins::most_for_errands, slots_for(stack_size)),
        stand_ins_(crew_, &run_worker, stack_size),
        on_start_(std::move(on_start)),
        owner_(owner) {
    base::usable_cpus::note_this_thread();
    static constinit base::atomic<bool> watched{false};
    if (!watched.exchange(true, base::relaxed)) base::watch_forks(&after_fork);  // relaxed: once is enough
    threads_.reserve(workers);
    try {
      while (threads_.size() < workers) {
        threads_.emplace_back(&run_worker, &crew_.worker_at(threads_.size()), stack_size);
      }
    } catch (...) {
      close();
      join();
      throw;
    }
  }

  pool(const pool&) = delete;
  pool& operator=(const pool&) = delete;
  ~pool() { join(); }

  /// Queues the job, or leaves it alone and says why not, or throws std::bad_alloc. Any thread; never blocks for long.
  [[nodiscard]] admission try_push(queue::job& added) {
    worker* const here = worker_of_this_thread();
    if (here == nullptr || !uses_own_deques()) return try_push_common(added);
    push_own(*here, added);
    return admission::accepted;
  }

  /// The same, into the queue that all workers share.
  [[nodiscard]] admission try_push_common(queue::job& added) {
    if (!is_of_this_process()) [[unlikely]]
      return admission::left_behind;  // who forked is nobody's worker here, so every push comes this way
    if (!jobs_.try_push(added)) return is_broken() ? admission::broken : admission::closed;
    // The worker of a pool of one is awake when it calls.
    if (size() > 1 || !runs_this_thread()) call_somebody();
    return admission::accepted;
  }

  /// Whether the jobs of a worker go into its own deque.
  [[nodiscard]] bool uses_own_deques() const noexcept { return size() > 1 && !is_closed(); }

  /// Queues the job in the deque of `here`, who calls. Throws std::bad_alloc.
  void push_own(worker& here, queue::job& added) {
    here.jobs.push(added);
    // Who sleeps or blocks from now on puts a heavy barrier before a look at this deque.
    base::light_barrier();
    if (!has_heavy_barrier_ || crew_.idle().somebody_is_parked() || stand_ins_.are_needed()) call_somebody();
  }

  /// No job is accepted from now on; workers end when the queue is empty. Any thread, any number of times.
  void close() noexcept {
    if (!is_of_this_process()) return;  // who holds the locks is not here
    jobs_.close();
    crew_.call_all_to_end();
  }

  /// Ends every queued job without running it.
  void refuse_queued(const queue::refusal& why) noexcept {
    queue::consumer_turns turns;
    queue::job* refused = nullptr;
    while (jobs_.try_pop({&refused, 1}, turns) != 0) refused->refuse(why);
    crew_.each_worker([&why](worker& each) {
      for (;;) {
        const auto stolen = each.jobs.try_steal();
        if (stolen.element != nullptr) {
          stolen.element->refuse(why);
        } else if (!stolen.lost_race) {
          return false;
        }
      }
    });
  }

  /// Waits for the workers to end, after close(). Any thread that is no worker of this pool, any number of times.
  void join() noexcept {
    if (!is_of_this_process()) return;
    const std::lock_guard lock(joining_);
    for (thread& joined : threads_) joined.join();
    threads_.clear();
    stand_ins_.join();
  }

  /// Those who fork and steal.
  [[nodiscard]] crew& members() noexcept { return crew_; }

  [[nodiscard]] std::size_t size() const noexcept { return crew_.size(); }

  [[nodiscard]] bool is_closed() const noexcept { return jobs_.is_closed(); }

  /// Throws what broke the pool, if it is broken.
  void rethrow_if_broken() const {
    if (is_broken()) [[unlikely]]
      std::rethrow_exception(failure_);
  }

  /// False in a child process, after fork().
  [[nodiscard]] bool is_of_this_process() const noexcept { return started_in_ == base::fork_count(); }

  /// True if the calling thread is a worker of this pool.
  [[nodiscard]] bool runs_this_thread() const noexcept { return current_pool::get() == this; }

  /// The worker of this pool whose thread is calling, or null.
  [[nodiscard]] worker* worker_of_this_thread() const noexcept {
    worker* const here = current_worker::get();
    return here != nullptr && here->employer == this ? here : nullptr;
  }

  /// The owner of the pool whose worker calls, or null.
  [[nodiscard]] static void* owner_of_this_thread() noexcept {
    const pool* const here = current_pool::get();
    return here == nullptr ? nullptr : here->owner_;
  }

 private:
  using current_pool = base::per_thread_pointer<const pool, pool>;
  using current_worker = base::per_thread_pointer<worker, worker>;

  /// The thread that forked is nobody's worker in the child.
  static void after_fork() noexcept {
    participant::current::set(nullptr);
    current_worker::set(nullptr);
    if (current_pool::get() != nullptr) sync::current_context::set(nullptr);
    current_pool::set(nullptr);
  }

  /// A level of fork-join takes more than 64 bytes of machine stack, so that ends first.
  static constexpr std::size_t slots_for(std::size_t stack_size) noexcept {
    constexpr std::size_t usual_stack = 8U << 20U;
    return (stack_size == 0 ? usual_stack : stack_size) / 64;
  }

  /// One for a few workers, so that the jobs of all threads are first in, first out.
  static constexpr std::size_t shards_for(std::size_t workers) noexcept { return workers <= 4 ? 1 : workers / 4; }

  /// What a worker's thread is to code that blocks in its jobs.
  class worker_context final : public sync::thread_context {
   public:
    explicit worker_context(pool& home) noexcept : thread_context(&home), home_pool_(home) {
      set_deep_below(sync::last_quarter_of_stack());
    }
    void about_to_block(const queue::job*) noexcept override {
      home_pool_.stand_ins_.worker_blocks();
      if (home_pool_.has_queued_jobs_of_anybody()) home_pool_.call_somebody();
    }
    void resumed() noexcept override { home_pool_.stand_ins_.worker_resumes(); }
    bool try_run_on_other_stack(void (*run)(void*) noexcept, void* argument) noexcept override {
      return home_pool_.stand_ins_.call_for({run, argument});
    }

   private:
    pool& home_pool_;
  };

  static void* run_worker(void* argument) {
    worker& self = *static_cast<worker*>(argument);
    pool& home = *self.employer;
    worker_context context(home);
    const sync::scoped_context installed(context);
    participant::current::set(&self);
    current_worker::set(&self);
    current_pool::set(&home);
    try {
      home.on_start_(self.number - 1);
    } catch (...) {
      home.break_with(std::current_exception());
    }
    base::usable_cpus::note_this_thread();
    self.stands_in ? home.stand_in(self) : home.work(self);
    current_pool::set(nullptr);
    current_worker::set(nullptr);
    participant::current::set(nullptr);
    return nullptr;
  }

  /// There is a new job, or a worker less: wakes a worker, or brings in a stand-in.
  void call_somebody() noexcept {
    crew_.call_worker();
    if (!stand_ins_.are_needed() || size() == 1) [[likely]]
      return;
    if (!crew_.idle().somebody_searches() && !crew_.idle().somebody_is_parked()) stand_ins_.call();
  }

  void stand_in(worker& self) noexcept {
    const auto look_again = [this] {
      if (stand_ins_.are_needed() && has_queued_jobs_of_anybody()) call_somebody();
    };
    do {
      if (self.assigned.run != nullptr) {
        const auto errand = std::exchange(self.assigned, {});
        errand.run(errand.argument);
        while (queue::job* const left = self.jobs.try_pop()) run(self, {.job = left});
      } else {
        work(self);
        if (jobs_.finished()) return stand_ins_.leave(self, look_again);
      }
    } while (stand_ins_.rest(self, look_again));
  }

  /// What a worker found to do: a job, or a task on somebody's stack.
  struct finding {
    queue::job* job = nullptr;
    participant* owner = nullptr;
    queue::stack_slot* task = nullptr;

    [[nodiscard]] bool is_something() const noexcept { return job != nullptr || task != nullptr; }
  };

  /// Until the pool is closed and empty, or a stand-in is not needed any more.
  void work(worker& self) noexcept {
    bool searching = false;
    sync::patience patience;
    for (;;) {
      if (self.stands_in && stand_ins_.are_too_many() && self.jobs.empty_hint()) break;
      if (const finding found = look(self); found.is_something()) {
        if (std::exchange(searching, false) && crew_.idle().end_search() && has_backlog()) crew_.call_worker();
        run(self, found);
        patience.reset();
        continue;
      }
      if (jobs_.finished()) break;
      if (!searching) searching = crew_.idle().try_begin_search(1);
      if (searching && !patience.is_over()) {
        ask_around(self, patience);
        patience.pause();
      } else {
        searching = park(self, searching);
        patience.reset();
      }
    }
    crew_.leave_loops(self);
    if (searching && crew_.idle().end_search() && has_backlog()) crew_.call_worker();
  }

  finding look(worker& self) noexcept {
    finding found;
    found.job = next_job(self);
    if (found.job != nullptr || !crew_.may_help_loops(self)) return found;
    crew_.rob_somebody(self, [&found](participant& other) {
      found.task = other.stack.try_steal();
      found.owner = &other;
      return found.task != nullptr;
    });
    return found;
  }

  /// The worker's own newest job; once in a while its oldest, or one from outside, so that nothing starves. Then what
  /// came from outside, then what others have.
  queue::job* next_job(worker& self) noexcept {
    constexpr std::uint32_t turns = 61;
    const std::uint32_t turn = self.job_turns++ % turns;
    queue::job* found = nullptr;
    if (turn == 0) found = take_from_outside(self);
    if (found == nullptr && turn == turns / 2) found = self.jobs.try_steal().element;
    if (found == nullptr) found = self.jobs.try_pop();
    if (found == nullptr) found = take_from_outside(self);
    if (found == nullptr) {
      crew_.rob_worker(self, [&found](worker& other) {
        found = other.jobs.empty_hint() ? nullptr : other.jobs.try_steal().element;
        return found != nullptr;
      });
    }
    return found;
  }

  /// One job to run now, and the others of the worker's share into its deque, the oldest to be popped first.
  queue::job* take_from_outside(worker& self) noexcept {
    if (!jobs_.has_jobs()) return nullptr;
    queue::job* taken[32];
    const bool alone = size() == 1 || !self.jobs.empty_hint() || !self.jobs.try_reserve(std::size(taken));
    const std::size_t most = alone ? 1 : std::size(taken);
    std::size_t count = jobs_.try_pop({taken, most}, self.turns);
    if (count == 0) return nullptr;
    while (count > 1) self.jobs.push(*taken[--count]);
    return taken[0];
  }

  void run(worker& self, const finding& found) noexcept {
    if (found.task != nullptr) return run_stolen(self, *found.owner, *found.task);
    crew_.leave_loops(self);
    if (is_broken()) {
      found.job->refuse({failure_});
    } else {
      found.job->run();
    }
  }

  /// Begs of those who have something, and takes it from those who do not answer.
  void ask_around(worker& self, const sync::patience& patience) noexcept {
    if (!crew_.may_help_loops(self)) return;
    crew_.rob_somebody(self, [&patience](participant& other) {
      if (!other.stack.has_private()) return false;
      other.stack.beg();
      return patience.is_worn() && other.stack.expose();
    });
  }

  /// Sleeps until it is called. True if it searches from then on.
  bool park(worker& self, bool searching) noexcept {
    crew_.leave_loops(self);
    self.prepare_to_park();
    crew_.idle().park(self.number, self.link, searching);
    if (jobs_.finished()) {
      crew_.call_all_to_end();
    } else if ((crew_.beg_of_everybody(self) && crew_.has_place_for_helper()) || has_backlog()) {
      crew_.call_worker();
    }
    return self.sleep_until_recalled();
  }

  /// Whether there is something to do that nobody has begun, and that a worker may do.
  [[nodiscard]] bool has_backlog() noexcept {
    if (has_queued_jobs()) return true;
    return crew_.has_place_for_helper() && crew_.each_of_all([](participant& each) { return each.stack.has_public(); });
  }
  /// The same, by who is not counted as working any more: it sees what push_own() has not announced.
  [[nodiscard]] bool has_queued_jobs_of_anybody() noexcept {
    return has_queued_jobs() || (size() > 1 && base::heavy_barrier() && has_queued_jobs());
  }
  [[nodiscard]] bool has_queued_jobs() noexcept {
    return jobs_.has_jobs() || crew_.each_worker([](worker& each) { return !each.jobs.empty_hint(); });
  }

  void break_with(std::exception_ptr error) noexcept {
    if (claimed_failure_.exchange(true, base::relaxed)) {  // relaxed: the first one to fail writes failure_
      // This worker must not go on to take a job as if it had started.
      while (!is_broken()) base::pause();
      return;
    }
    failure_ = std::move(error);
    // [pool.1] release: who sees the pool broken reads failure_.
    broken_.store(true, base::release);
    close();
  }

  // [pool.1] acquire: see break_with().
  [[nodiscard]] bool is_broken() const noexcept { return broken_.load(base::acquire); }

  const std::uint32_t started_in_ = base::fork_count();
  crew crew_;
  const bool has_heavy_barrier_ = base::heavy_barrier();
  stand_ins stand_ins_;
  start_hook on_start_;
  void* const owner_;
  queue::injection_queue jobs_{shards_for(crew_.size()), crew_.size()};
  std::exception_ptr failure_;
  base::atomic<bool> claimed_failure_{false};
  base::atomic<bool> broken_{false};
  std::mutex joining_;  // guards threads_ once the constructor is done
  std::vector<thread> threads_;
};

}  // namespace heddle::scheduling
