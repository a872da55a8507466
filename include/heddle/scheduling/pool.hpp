// SPDX-License-Identifier: MIT
// Threads that run jobs, help each other and their guests with fork-join work, and sleep while there is none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include <heddle/base/atomic.hpp>
#include <heddle/base/barrier.hpp>
#include <heddle/base/block_cache.hpp>
#include <heddle/base/cpu.hpp>
#include <heddle/base/fork_count.hpp>
#include <heddle/base/usable_cpus.hpp>
#include <heddle/queue/injection_queue.hpp>
#include <heddle/queue/job.hpp>
#include <heddle/queue/job_home.hpp>
#include <heddle/queue/lane.hpp>
#include <heddle/queue/tombstone_sweep.hpp>
#include <heddle/scheduling/crew.hpp>
#include <heddle/scheduling/join.hpp>
#include <heddle/scheduling/participant.hpp>
#include <heddle/scheduling/pool_settings.hpp>
#include <heddle/scheduling/pool_stats.hpp>
#include <heddle/scheduling/stand_ins.hpp>
#include <heddle/scheduling/thread.hpp>
#include <heddle/scheduling/work_search.hpp>
#include <heddle/scheduling/worker.hpp>
#include <heddle/sync/patience.hpp>
#include <heddle/sync/stack_bounds.hpp>
#include <heddle/sync/this_thread.hpp>

namespace heddle::scheduling {

/// A fixed number of workers, started by the constructor and joined by join(), and stand-ins for those that block. It
/// runs jobs and knows no futures.
///
/// A job from outside goes into `jobs_`, one from a worker into its own deque; a pool of one takes all from `jobs_`, in
/// order, and so does one that was asked for that order. Jobs of other lanes than the normal one always go through
/// `jobs_`, where they have their turns. Who writes what: anybody pushes into `jobs_`; close() and a worker whose start
/// failed close it. A closed pool runs what is queued; a broken one refuses it, with the error that broke it.
/// `failure_` is written once, before `refusing_` says that the pool is broken.
class pool final : public queue::job_home {
 public:
  /// left_behind: this process is a child of the one that started the pool's threads, which are not here.
  enum class admission { accepted, closed, broken, left_behind };

  /// How many workers and stand-ins there can be: idle_policy knows them by 16 bits.
  static constexpr std::size_t most_threads = 65535;

  /// Throws std::system_error if a thread cannot be started, after those that were started have ended.
  explicit pool(pool_settings settings)
      : crew_(this, settings.workers, stand_ins::most(settings.max_stand_ins), slots_for(settings.stack_size)),
        stand_ins_(crew_, &run_worker, settings.stack_size, settings.max_stand_ins),
        has_own_deques_(settings.workers > 1 && settings.order == order::lifo),
        settings_(std::move(settings)) {
    if (settings_.affinity == affinity::spread) cpus_ = cpu_list::of_this_thread();
    base::usable_cpus::note_this_thread();
    static_cast<void>(base::has_heavy_barrier());
    static constinit base::atomic<bool> watched{false};
    if (!watched.exchange(true, base::relaxed)) base::watch_forks(&after_fork);  // relaxed: once is enough
    threads_.reserve(size());
    try {
      while (threads_.size() < size()) {
        threads_.emplace_back(&run_worker, &crew_.worker_at(threads_.size()), settings_.stack_size);
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
  [[nodiscard]] admission try_push(queue::job& added, queue::lane to = queue::lane::normal) {
    worker* const here = worker_of_this_thread();
    if (here == nullptr || to != queue::lane::normal || !uses_own_deques()) return try_push_common(added, to);
    push_own(*here, added);
    return admission::accepted;
  }

  /// The same for several, one at least: all or none. Who takes them one after the other gets them in this order; they
  /// may be in another one in `added` afterwards.
  [[nodiscard]] admission try_push(std::span<queue::job*> added, queue::lane to = queue::lane::normal) {
    worker* const here = worker_of_this_thread();
    if (here == nullptr || to != queue::lane::normal || !uses_own_deques()) {
      const std::span<queue::job* const> in_order(added);
      return try_push_common(in_order, to);
    }
    // The newest is the first to be popped.
    for (std::size_t i = 0, j = added.size() - 1; i < j; ++i, --j) std::swap(added[i], added[j]);
    here->jobs.push_batch(added.data(), added.size());
    announce_own();
    look_after_own(*here);
    return admission::accepted;
  }

  /// The same, a job or a span of pointers to jobs, into the queue that all workers share.
  template <class Added>
  [[nodiscard, gnu::noinline]] admission try_push_common(Added& added, queue::lane to = queue::lane::normal) {
    if (!is_of_this_process()) [[unlikely]]
      return admission::left_behind;  // who forked is nobody's worker here, so every push comes this way
    if (!jobs_.try_push(added, to)) return is_broken() ? admission::broken : admission::closed;
    // The worker of a pool of one is awake when it calls.
    if (size() > 1 || worker_of_this_thread() == nullptr) call_somebody();
    tombstones_.look_after(jobs_, tombstones_so_far());
    return admission::accepted;
  }

  /// Whether the jobs of a worker go into its own deque.
  [[nodiscard]] bool uses_own_deques() const noexcept { return has_own_deques_ && !is_closed(); }

  /// Queues the job in the deque of `here`, who calls. Throws std::bad_alloc.
  void push_own(worker& here, queue::job& added) {
    here.jobs.push(added);
    announce_own();
    if (++here.pushes % pushes_per_look == 0) [[unlikely]]
      look_after_own(here);
  }

  /// No job is accepted from now on; workers end when the queue is empty. Any thread, any number of times.
  void close() noexcept {
    if (!is_of_this_process()) return;  // who holds the locks is not here
    jobs_.close();
    crew_.call_all_to_end();
  }

  /// Ends every queued job without running it.
  void refuse_queued(const queue::refusal& why) noexcept {
    if (!is_of_this_process()) return;  // nor are those who wait for them
    auto none = refuses::nothing;
    // relaxed: a worker may see it late, as if it had begun its call before. A broken pool stays so.
    refusing_.compare_exchange_strong(none, refuses::queued, base::relaxed, base::relaxed);
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
    // As in work(): somebody may have gone to sleep while the last one was still queued.
    if (jobs_.finished()) crew_.call_all_to_end();
  }

  /// Waits for the workers to end, after close(). Any thread that is no worker of this pool, any number of times.
  void join() noexcept {
    if (!is_of_this_process()) return;
    const sync::blocking_scope blocked(nullptr);  // it may be a worker of another pool that waits
    const std::lock_guard lock(joining_);
    for (thread& joined : threads_) joined.join();
    threads_.clear();
    stand_ins_.join();
  }

  /// Those who fork and steal.
  [[nodiscard]] crew& members() noexcept { return crew_; }

  /// Whether an outside thread takes part in fork-join work; those of the process that forked this one do not count.
  [[nodiscard]] bool has_guests() const noexcept { return crew_.has_guests() && is_of_this_process(); }

  [[nodiscard]] std::size_t size() const noexcept { return crew_.size(); }

  [[nodiscard]] bool is_closed() const noexcept { return jobs_.is_closed(); }

  /// Throws what broke the pool, if it is broken.
  void rethrow_if_broken() const {
    if (is_broken()) [[unlikely]]
      std::rethrow_exception(failure_);
  }

  /// Any thread; takes no lock.
  [[nodiscard]] pool_stats stats() const noexcept {
    pool_stats total{.workers = size(),
                     .queued_jobs = jobs_.size_hint(),
                     .stand_ins = stand_ins_.working(),
                     .stand_ins_started = stand_ins_.started(),
                     .stand_ins_failed = stand_ins_.failures()};
    crew_.each_worker([&total](const worker& each) {
      total.queued_jobs += each.jobs.size_hint();
      each.counts.add_to(total);
      return false;
    });
    return total;
  }

  /// False in a child process, after fork().
  [[nodiscard]] bool is_of_this_process() const noexcept { return started_in_ == base::fork_count(); }

  /// True if the calling thread is one of this pool's, also while its thread-local objects are destroyed.
  [[nodiscard]] bool runs_this_thread() const noexcept {
    return current_pool::get() == this || crew::left_by_this_thread::get() == &crew_;
  }

  /// The worker of this pool whose thread is calling, or null.
  [[nodiscard]] worker* worker_of_this_thread() const noexcept {
    worker* const here = current_worker::get();
    return here != nullptr && here->employer == this ? here : nullptr;
  }

  /// The owner of the pool whose worker calls, or null.
  [[nodiscard]] static void* owner_of_this_thread() noexcept {
    const pool* const here = current_pool::get();
    return here == nullptr ? nullptr : here->settings_.owner;
  }

 private:
  using current_pool = base::per_thread_pointer<const pool, pool>;
  using current_worker = base::per_thread_pointer<worker, worker>;

  /// The thread that forked is nobody's worker in the child.
  static void after_fork() noexcept {
    base::block_cache::after_fork();
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
    worker_context(pool& home, worker& self) noexcept : thread_context(&home), home_pool_(home), self_(self) {}
    void about_to_block(const queue::job*) noexcept override {
      home_pool_.stand_ins_.worker_blocks();
      if (home_pool_.search_.has_unannounced_jobs(self_)) home_pool_.call_somebody();
    }
    void resumed() noexcept override { home_pool_.stand_ins_.worker_resumes(); }
    bool try_withdraw(const queue::job& claimed) noexcept override {
      if (!self_.jobs.try_take_out(claimed)) {
        ++self_.own_tombstones;
        return false;
      }
      self_.counts.jobs_run.add_one();
      if (self_.own_tombstones != 0) [[unlikely]]
        home_pool_.end_newest_tombstones(self_);
      return true;
    }
    [[nodiscard]] bool is_deep() noexcept override { return stack_.is_deep(); }
    bool try_run_on_other_stack(void (*run)(void*) noexcept, void* argument) noexcept override {
      return home_pool_.stand_ins_.call_for({run, argument});
    }

   private:
    pool& home_pool_;
    worker& self_;
    sync::stack_gauge stack_;
  };

  static void* run_worker(void* argument) {
    worker& self = *static_cast<worker*>(argument);
    pool& home = *self.employer;
    current_pool::set(&home);
    self.begin_work();
    const bool has_started = home.employ(self);
    // The thread is no worker any more, so what it submits from here on goes to those who are.
    crew::left_by_this_thread::set(&home.crew_);
    if (has_started && home.settings_.on_end) home.settings_.on_end();
    current_pool::set(nullptr);
    if (self.stands_in) home.stand_ins_.vacate(self);
    return nullptr;
  }

  /// What a thread does as a worker. True if its start hook returned.
  bool employ(worker& self) noexcept {
    self.stands_in ? cpus_.free_this_thread() : cpus_.keep_this_thread_on(self.number - 1);
    worker_context context(*this, self);
    const sync::scoped_context installed(context);
    participant::current::set(&self);
    current_worker::set(&self);
    bool has_started = false;
    try {
      if (settings_.on_start) settings_.on_start(self.number - 1);
      has_started = true;
    } catch (...) {
      break_with(std::current_exception());
    }
    base::usable_cpus::note_this_thread();
    self.stands_in ? stand_in(self) : work(self);
    current_worker::set(nullptr);
    participant::current::set(nullptr);
    return has_started;
  }

  /// Jobs that were claimed when they were not the newest, and are now: of two calls that are awaited in the order of
  /// their submission the first one is.
  [[gnu::noinline]] void end_newest_tombstones(worker& self) noexcept {
    while (self.own_tombstones != 0) {
      queue::job* const newest = self.jobs.try_pop();
      if (newest == nullptr) {
        self.own_tombstones = 0;  // others had them
        break;
      }
      --self.own_tombstones;  // also if this is none: so that as many are looked at as there were, and not more
      if (!newest->is_tombstone()) {
        self.jobs.push(*newest);  // does not throw: there is room where it came from
        announce_own();           // who has looked for it meanwhile may be about to sleep
        break;
      }
      newest->run();
    }
  }

  /// Once in so many pushes.
  static constexpr std::uint32_t pushes_per_look = 256;

  /// Ends the tombstones in the worker's own deque, when more than half of it may be: see tombstone_sweep. The order of
  /// the others stays.
  [[gnu::noinline]] void look_after_own(worker& self) noexcept {
    const std::uint64_t ever = tombstones_so_far();
    const std::size_t size = self.jobs.size_hint();
    if (ever - self.tombstones_seen < pushes_per_look || ever - self.tombstones_seen <= size / 2) return;
    self.tombstones_seen = ever;
    for (std::size_t left = size; left != 0; --left) {
      queue::job* const oldest = self.jobs.try_steal().element;
      if (oldest == nullptr) continue;
      if (oldest->is_tombstone()) {
        oldest->run();
      } else {
        self.jobs.push(*oldest);  // as above
      }
    }
    announce_own();
  }

  /// The calling worker has put something into its own deque.
  void announce_own() noexcept {
    // Who sleeps or blocks from now on puts a heavy barrier before a look at this deque.
    base::light_barrier();
    if (!base::has_heavy_barrier() || crew_.idle().somebody_is_parked() || stand_ins_.are_needed()) call_somebody();
  }

  /// There is a new job, or a worker less: wakes a worker, or brings in a stand-in.
  [[gnu::noinline]] void call_somebody() noexcept {
    if (crew_.call_worker() || !stand_ins_.are_needed() || size() == 1) [[likely]]
      return;
    if (!crew_.idle().somebody_searches() && !crew_.idle().somebody_is_parked()) stand_ins_.call();
  }

  void stand_in(worker& self) noexcept {
    const auto look_again = [this, &self] {
      if (stand_ins_.are_needed() && search_.has_unannounced_jobs(self)) call_somebody();
    };
    do {
      if (self.assigned.run != nullptr) {
        const auto errand = std::exchange(self.assigned, {});
        self.begin_work();
        errand.run(errand.argument);
        while (queue::job* const left = self.jobs.try_pop()) run(self, {.job = left});
      } else {
        work(self);
        if (has_ended()) return stand_ins_.leave(self, look_again);
      }
      self.end_work();
    } while (stand_ins_.rest(self, look_again));
  }

  /// Until the pool is closed and empty, or a stand-in is not needed any more.
  void work(worker& self) noexcept {
    // A stand-in that finds work looks whether one more is needed, as who was woken does.
    bool searching = self.stands_in && crew_.idle().try_begin_search(1);
    sync::patience patience;
    do {
      if (const finding found = search_.look(self); found.is_something()) {
        if (std::exchange(searching, false)) end_search(self, found.task != nullptr);
        if (std::exchange(self.took_several, false)) announce_own();
        run(self, found);
        sync::wake_mark::take() ? patience.be_polite() : patience.reset();
        continue;
      }
      self.end_work();
      if (has_ended() || may_rest(self)) break;
      if (!searching) searching = crew_.idle().try_begin_search(enough_searching(self));
      if (searching && !patience.is_over()) {
        searching = wait_awake(self, patience);
      } else {
        searching = park(self, searching);
        patience.reset();
      }
    } while (!may_rest(self));
    crew_.leave_loops(self);
    if (searching) end_search(self, false);
    // Others may have gone to sleep while the last job of a closed pool was still queued, and left it to this worker.
    if (jobs_.finished()) crew_.call_all_to_end();
  }

  /// Whether it is a stand-in that is not needed. Not asked when it has just been called: if it rested without a look,
  /// since whom it was called for is awake for a moment, who blocks again and again would never be helped.
  [[nodiscard]] bool may_rest(const worker& self) const noexcept {
    return self.stands_in && stand_ins_.are_too_many() && self.jobs.empty_hint();
  }

  /// The worker has found something, and calls another one if there is more, or a stand-in: others have called nobody,
  /// since it was searching. A task may well be one of many, for which one after the other would be called too slowly.
  void end_search(worker& self, bool for_task) noexcept {
    if (!crew_.idle().end_search()) {
      if (for_task && crew_.idle().somebody_is_parked() && search_.has_public_tasks()) crew_.call_thief();
    } else if (crew_.idle().somebody_is_parked()) {
      if (crew_.idle().take_unwatched()) {
        self.stack.beg(queue::beggars::asleep);  // it works on, unlike who parks
        look_around_for_sleepers(self);
      } else if (search_.has_backlog() || (crew_.ask_for_place() && crew_.somebody_forks(&self))) {
        crew_.call_worker();
      }
    } else if (stand_ins_.are_needed() && search_.has_queued_jobs()) {
      call_somebody();
    }
  }

  /// How many may look for work while this worker does: where jobs come from outside, the next one wakes somebody
  /// anyway.
  [[nodiscard]] std::uint32_t enough_searching(const worker& self) const noexcept {
    return self.took_from == worker::source::others ? crew_.most_searching() : 1;
  }

  /// Waits until there may be something to do, or for as long as there is patience, and runs what it is given
  /// meanwhile. True if it still searches.
  bool wait_awake(worker& self, sync::patience& patience) noexcept {
    do {
      const open_hand::gift given = hold_out_hand(self, patience);
      if (!given) return true;
      end_search(self, true);
      self.took_from = worker::source::others;
      self.begin_work();
      self.counts.tasks_stolen.add_one();
      serve(self, *given.owner, *given.task);
      self.end_work();
      patience.reset();
      if (!crew_.idle().try_begin_search(enough_searching(self))) return false;
    } while (self.jobs.empty_hint());
    return true;
  }

  /// Looks around only once in a while: that disturbs who is about to give something.
  open_hand::gift hold_out_hand(worker& self, sync::patience& patience) noexcept {
    constexpr unsigned pauses = 64;
    const bool takes = crew_.take_place(self);
    unanswered_plea plea(crew_.exposing());
    if (takes) {
      self.hand.open();
      crew_.announce_hand(self);
    }
    do {
      for (unsigned i = 0; i < pauses && !self.hand.is_full() && jobs_.size_hint() == 0; ++i) patience.pause();
    } while (!self.hand.is_full() && !patience.is_over() && !search_.is_something_around(self, takes, patience, plea));
    return takes ? self.hand.close() : open_hand::gift{};
  }

  void run(worker& self, const finding& found) noexcept {
    self.begin_work();
    if (found.task != nullptr) return run_stolen(self, *found.owner, *found.task);
    crew_.leave_loops(self);
    self.counts.jobs_run.add_one();
    // [pool.1] acquire: see break_with().
    const refuses refusing = refusing_.load(base::acquire);
    if (refusing == refuses::nothing) [[likely]]
      return found.job->run();
    queue::refusal why;
    if (refusing == refuses::all) why.error = failure_;
    found.job->refuse(why);
  }

  /// Sleeps until it is called. True if it searches from then on.
  bool park(worker& self, bool searching) noexcept {
    crew_.leave_loops(self);
    self.prepare_to_park();
    const bool nobody_searches = crew_.idle().park(self.number, self.link, searching);
    if (jobs_.finished()) {
      crew_.call_all_to_end();
    } else if (!nobody_searches) {
      // It is them who find what there is, or look once more when they park.
    } else {
      look_around_for_sleepers(self);
    }
    return self.sleep_until_recalled();
  }

  /// Behind a heavy barrier: who has added work to what it has itself, and saw nobody parked, is seen here. Calls a
  /// worker if there is some; who adds some from now on calls one itself.
  void look_around_for_sleepers(const worker& self) noexcept {
    if ((crew_.beg_of_everybody(self) && crew_.ask_for_place()) || search_.has_backlog()) crew_.call_worker();
  }

  /// Whether nothing is left to begin, and nothing will come. A worker that has found nothing may only have been out of
  /// luck with the others' deques.
  [[nodiscard]] bool has_ended() const noexcept { return jobs_.finished() && !search_.has_queued_jobs(); }

  void break_with(std::exception_ptr error) noexcept {
    if (claimed_failure_.exchange(true, base::relaxed)) {  // relaxed: the first one to fail writes failure_
      // This worker must not go on to take a job as if it had started.
      while (!is_broken()) base::pause();
      return;
    }
    failure_ = std::move(error);
    // [pool.1] release: who sees the pool broken reads failure_.
    refusing_.store(refuses::all, base::release);
    close();
  }

  /// Which jobs are refused where they would be run: those that were queued when the pool was shut down, also while a
  /// worker has them in its hands; all, since the pool is broken.
  enum class refuses : std::uint8_t { nothing, queued, all };

  // [pool.1] acquire: see break_with().
  [[nodiscard]] bool is_broken() const noexcept { return refusing_.load(base::acquire) == refuses::all; }

  const std::uint32_t started_in_ = base::fork_count();
  crew crew_;
  stand_ins stand_ins_;
  const bool has_own_deques_;
  pool_settings settings_;
  cpu_list cpus_;  // for settings_.affinity; else empty
  queue::injection_queue jobs_{settings_.order == order::fifo ? 1 : shards_for(crew_.size()), crew_.size()};
  queue::tombstone_sweep tombstones_;
  const work_search search_{crew_, jobs_, has_own_deques_};
  std::exception_ptr failure_;
  base::atomic<bool> claimed_failure_{false};
  base::atomic<refuses> refusing_{refuses::nothing};
  std::mutex joining_;  // guards threads_ once the constructor is done
  std::vector<thread> threads_;
};

}  // namespace heddle::scheduling
