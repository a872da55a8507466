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
#include <heddle/base/fork_count.hpp>
#include <heddle/base/revocable.hpp>
#include <heddle/base/task_context.hpp>
#include <heddle/base/usable_cpus.hpp>
#include <heddle/queue/injection_queue.hpp>
#include <heddle/queue/job.hpp>
#include <heddle/queue/job_home.hpp>
#include <heddle/queue/lane.hpp>
#include <heddle/scheduling/crew.hpp>
#include <heddle/scheduling/job_queues.hpp>
#include <heddle/scheduling/job_refusal.hpp>
#include <heddle/scheduling/participant.hpp>
#include <heddle/scheduling/pool_settings.hpp>
#include <heddle/scheduling/pool_stats.hpp>
#include <heddle/scheduling/retirement.hpp>
#include <heddle/scheduling/stand_ins.hpp>
#include <heddle/scheduling/thread.hpp>
#include <heddle/scheduling/work_loop.hpp>
#include <heddle/scheduling/worker.hpp>
#include <heddle/scheduling/worker_context.hpp>
#include <heddle/sync/put_off.hpp>
#include <heddle/sync/this_thread.hpp>

namespace heddle::scheduling {

/// Workers, started by the constructor and joined by join(), and stand-ins for those that block. It runs jobs and knows
/// no futures.
///
/// close() and a worker whose start failed close its queues. A closed pool runs what is queued; a broken one refuses
/// it, with the error that broke it.
class pool final : public queue::job_home {
 public:
  /// left_behind: this process is a child of the one that started the pool's threads, which are not here.
  enum class admission { accepted, closed, broken, left_behind };

  /// How many workers and stand-ins there can be: idle_policy knows them by 16 bits.
  static constexpr std::size_t most_threads = 65535;

  /// Throws std::system_error if a thread cannot be started, after those that were started have ended.
  explicit pool(pool_settings settings)
      : settings_(std::move(settings)),
        crew_(this, settings_.workers, stand_ins::most(settings_.max_stand_ins, settings_.max_extra),
              slots_for(settings_.stack_size)),
        stand_ins_(crew_, &run_worker, settings_.stack_size, settings_.max_stand_ins, settings_.max_extra),
        retired_(settings_.workers),
        queues_(*this, crew_, stand_ins_, settings_.order) {
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
  ~pool() {
    join();  // first: workers ask way_in_ whether a ticket is theirs
    is_of_this_process() ? way_in_.revoke() : way_in_.leave_behind();
  }

  /// For who may come when the pool is gone.
  using ticket = base::revocable<pool>::ticket;
  [[nodiscard]] ticket make_ticket() const noexcept { return ticket_; }

  /// Calls `use(pool)` with the pool that made the ticket, which stays for so long; false if it is about to go, or
  /// gone.
  template <class Use>
  [[nodiscard]] static bool try_use_by(const ticket& by, const Use& use) {
    pool* const here = current_pool::get();
    if (here == nullptr || here->make_ticket() != by) return by.try_use(use);
    use(*here);  // it cannot go meanwhile
    return true;
  }

  /// Queues the job, or leaves it alone and says why not, or throws std::bad_alloc. Any thread; never blocks for long.
  [[nodiscard]] admission try_push(queue::job& added, queue::lane to = queue::lane::normal) {
    return try_push_any(added, to);
  }

  /// The same for several, one at least: all or none. Who takes them one after the other gets them in this order; they
  /// may be in another one in `added` afterwards.
  [[nodiscard]] admission try_push(std::span<queue::job*> added, queue::lane to = queue::lane::normal) {
    return try_push_any(added, to);
  }

  /// The same, a job or a span of pointers to jobs, into the queue that all workers share.
  template <class Added>
  [[nodiscard, gnu::noinline]] admission try_push_common(Added& added, queue::lane to) {
    if (!is_of_this_process()) [[unlikely]]
      return admission::left_behind;  // who forked is nobody's worker here, so every push comes this way
    if (queues_.try_push_common(worker_of_this_thread(), added, to)) return admission::accepted;
    return refusal_.is_broken() ? admission::broken : admission::closed;
  }

  /// No job is accepted from now on; workers end when the queue is empty. Any thread, any number of times.
  void close() noexcept {
    if (!is_of_this_process()) return;  // who holds the locks is not here
    queues_.common().close();
    crew_.call_all_to_end();
  }

  /// Ends every queued job as cancelled.
  void cancel_queued() noexcept {
    if (!is_of_this_process()) return;  // nor are those who wait for them
    const queue::refusal why = refusal_.as_cancelled();
    refusal_.refuse_queued();
    queue::consumer_turns turns;
    queue::job* refused = nullptr;
    while (queues_.common().try_pop({&refused, 1}, turns) != 0) refused->refuse(why);
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
    // As in work_loop: somebody may have gone to sleep while the last one was still queued.
    if (queues_.common().finished()) crew_.call_all_to_end();
  }

  /// What cancels jobs that would have been queued, and how many have been cancelled by that and cancel_queued() since
  /// this was called last.
  [[nodiscard]] queue::refusal as_cancelled() const noexcept { return refusal_.as_cancelled(); }
  [[nodiscard]] std::size_t take_cancelled() noexcept { return refusal_.take_cancelled(); }

  /// Waits for the workers to end, after close(). Any thread that is no worker of this pool, any number of times.
  void join() noexcept {
    if (!is_of_this_process()) return;
    sync::put_off::run_all();
    retired_.end();
    const sync::blocking_scope blocked(nullptr);  // it may be a worker of another pool that waits
    const std::lock_guard lock(joining_);
    for (thread& joined : threads_) joined.join();
    threads_.clear();
    stand_ins_.join();
  }

  // ---- how many work

  /// From now on so many work at a time, one at least, and settings.max_extra more than at the start at most. Those
  /// that are too many end what they run; those that are missing are started. Any thread.
  void resize(std::size_t workers) noexcept {
    if (!is_of_this_process()) return;
    const std::lock_guard lock(resizing_);
    const std::size_t first = crew_.first_size();
    crew_.resize(workers);
    retired_.set_wanted(workers < first ? first - workers : 0);
    stand_ins_.set_extra(workers < first ? 0 : static_cast<std::int32_t>(workers - first));
    crew_.call_all_to_end();  // for those who sleep and are too many: they go, others look for work
  }

  /// A record for a loan of the calling thread, which is no worker of this pool; null if there are too many, or the
  /// pool has ended. Throws std::bad_alloc.
  [[nodiscard]] worker* try_take_loan() { return stand_ins_.take_loan(); }

  /// The calling thread works as one more, with a record of try_take_loan(), which it gives back at the end. The pool
  /// may be gone then.
  class loan {
   public:
    loan(pool& home, worker& lent) noexcept : home_(home), lent_(lent) { current_pool::set(&home); }
    ~loan() {
      current_pool::set(outer_pool_);
      home_.stand_ins_.end_loan(lent_);
    }
    loan(const loan&) = delete;
    loan& operator=(const loan&) = delete;

    /// Until the pool is closed and empty, or call_off().
    void work() noexcept {
      const sync::put_off::scope of_its_own;
      const base::task_context::empty_scope of_nobody;
      worker* const outer_worker = current_worker::get();
      participant* const outer_participant = participant::current::get();
      home_.be_worker(lent_, [this] { home_.loop_.work_on_loan(lent_); });
      participant::current::set(outer_participant);
      current_worker::set(outer_worker);
    }

    /// Any thread.
    void call_off() noexcept { home_.loop_.call_off(lent_); }

   private:
    pool& home_;
    worker& lent_;
    const sync::blocking_scope elsewhere_{nullptr};  // it may be a worker of another pool
    pool* const outer_pool_ = current_pool::get();
  };

  /// Those who fork and steal.
  [[nodiscard]] crew& members() noexcept { return crew_; }

  /// Whether an outside thread takes part in fork-join work; those of the process that forked this one do not count.
  [[nodiscard]] bool has_guests() const noexcept { return crew_.has_guests() && is_of_this_process(); }

  [[nodiscard]] std::size_t size() const noexcept { return crew_.size(); }

  /// Where its jobs wait.
  [[nodiscard]] job_queues& queues() noexcept { return queues_; }

  /// Throws what broke the pool, if it is broken.
  void rethrow_if_broken() const { refusal_.rethrow_if_broken(); }

  /// Any thread; takes no lock.
  [[nodiscard]] pool_stats stats() const noexcept {
    pool_stats total{.workers = size(),
                     .queued_jobs = queued_jobs(),
                     .stand_ins = stand_ins_.standing_in(),
                     .stand_ins_started = stand_ins_.started(),
                     .stand_ins_failed = stand_ins_.failures()};
    crew_.each_worker([&total](const worker& each) {
      each.counts.add_to(total);
      return false;
    });
    return total;
  }

  /// Whether there was a moment during the call at which no job was queued and none ran; what they did is seen then.
  /// Any thread; takes no lock. A worker that has just found no work is awake for a little while.
  [[nodiscard]] bool was_idle() const noexcept {
    std::uint64_t sleeps_before = 0;
    std::uint64_t sleeps_after = 0;
    return all_sleep(sleeps_before) && queued_jobs() == 0 && all_sleep(sleeps_after) && sleeps_before == sleeps_after;
  }

  /// False in a child process, after fork().
  [[nodiscard]] bool is_of_this_process() const noexcept { return started_in_ == base::fork_count(); }

  /// True if the calling thread is one of this pool's, also while its thread-local objects are destroyed.
  [[nodiscard]] bool runs_this_thread() const noexcept {
    sync::thread_context* const here = sync::current_context::get();
    return current_pool::get() == this || crew::left_by_this_thread::get() == &crew_ ||
           (here != nullptr && here->at_home(this) != nullptr);
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
  using current_pool = base::per_thread_pointer<pool, pool>;
  using current_worker = base::per_thread_pointer<worker, worker>;

  [[nodiscard]] std::size_t queued_jobs() const noexcept {
    std::size_t total = queues_.common().size_hint();
    crew_.each_worker([&total](const worker& each) {
      total += each.jobs.size_hint();
      return false;
    });
    return total;
  }

  /// Whether all threads sleep for lack of work, each at the moment at which it is looked at, or have ended: workers,
  /// and who works beside them. `sleeps` is how often they have begun to, and somebody came: if that has not changed,
  /// they have slept all the time.
  [[nodiscard]] bool all_sleep(std::uint64_t& sleeps) const noexcept {
    std::size_t asleep = 0;
    sleeps += stand_ins_.arrivals();
    crew_.each_worker([&](const worker& each) {
      if (each.counts.is_asleep(sleeps)) ++asleep;
      return false;
    });
    return asleep == crew_.first_size() + stand_ins_.working();
  }

  template <class Added>
  [[nodiscard]] admission try_push_any(Added& added, queue::lane to) {
    worker* const here = worker_of_this_thread();
    if (!queues_.takes_own(here, to)) return try_push_common(added, to);
    queues_.push_own(*here, added);
    return admission::accepted;
  }

  /// The thread that forked is nobody's worker in the child.
  static void after_fork() noexcept {
    base::block_cache::after_fork();
    base::large_block_cache::after_fork();
    participant::current::set(nullptr);
    current_worker::set(nullptr);
    if (current_pool::get() != nullptr) sync::current_context::set(nullptr);
    current_pool::set(nullptr);
  }

  /// A level of fork-join takes 48 bytes of machine stack or more, so that ends first.
  static constexpr std::size_t slots_for(std::size_t stack_size) noexcept {
    constexpr std::size_t usual_stack = 8U << 20U;
    return (stack_size == 0 ? usual_stack : stack_size) / 48;
  }

  static void* run_worker(void* argument) {
    worker& self = *static_cast<worker*>(argument);
    pool& home = *self.employer;
    current_pool::set(&home);
    self.begin_work();
    const bool has_started = home.employ(self);
    if (!self.stands_in) self.counts.ended.add_one_and_publish();
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
    bool has_started = false;
    be_worker(self, [&] {
      has_started = start(self);
      base::usable_cpus::note_this_thread();
      self.stands_in ? loop_.stand_in(self) : loop_.work_or_retire(self);
    });
    current_worker::set(nullptr);
    participant::current::set(nullptr);
    return has_started;
  }

  /// Calls `work()` as that worker.
  template <class Work>
  void be_worker(worker& self, const Work& work) noexcept {
    worker_context context(*this, self, queues_, loop_.search(), stand_ins_, sync::current_context::get());
    const sync::scoped_context installed(context);
    participant::current::set(&self);
    current_worker::set(&self);
    work();
  }

  bool start(const worker& starting) noexcept {
    try {
      if (settings_.on_start) settings_.on_start(starting.number - 1);
      return true;
    } catch (...) {
      // This worker goes on when the pool is broken, so that it takes no job as if it had started.
      refusal_.refuse_all(std::current_exception());
      close();
      return false;
    }
  }

  const std::uint32_t started_in_ = base::fork_count();
  base::revocable<pool> way_in_{*this};
  const ticket ticket_ = way_in_.make_ticket();  // for workers also when that has been revoked
  pool_settings settings_;
  crew crew_;
  stand_ins stand_ins_;
  retirement retired_;
  job_queues queues_;
  job_refusal refusal_;
  work_loop loop_{crew_, stand_ins_, retired_, queues_, refusal_};
  std::mutex resizing_;
  cpu_list cpus_;       // for settings_.affinity; else empty
  std::mutex joining_;  // guards threads_ once the constructor is done
  std::vector<thread> threads_;
};

}  // namespace heddle::scheduling
