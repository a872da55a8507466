// SPDX-License-Identifier: MIT
// The pool as a whole: while workers block others run what is queued; jobs of a pool that is broken or closed end, and
// so do all threads. Too large for more than samples; its parts have models of their own.
#include <cstddef>
#include <cstdint>
#include <optional>

#include <heddle/queue/job.hpp>
#include <heddle/scheduling/fork_join.hpp>
#include <heddle/scheduling/guest.hpp>
#include <heddle/scheduling/participant.hpp>
#include <heddle/scheduling/pool.hpp>
#include <heddle/sync/park.hpp>
#include <heddle/sync/this_thread.hpp>

#include "model/checker.hpp"
#include "model/model.hpp"
#include "model/plain.hpp"

namespace {

using heddle::base::acquire;
using heddle::base::release;
using heddle::queue::job;
using heddle::queue::refusal;
using heddle::scheduling::fork_join;
using heddle::scheduling::pool;
using heddle_model::choose;
using heddle_model::model;
using heddle_model::plain;

/// A job that others wait for.
class awaited_job : public job {
 public:
  using code = void (*)(void*);
  awaited_job(code its_code, void* argument) : job(&answer), run_(its_code), argument_(argument) {}

  /// As a thread does it that cannot run it itself.
  void wait() {
    const heddle::sync::blocking_scope blocked(this);
    await();
  }
  /// The pool does not know of it.
  void await() {
    while (has_ended_.load(acquire) == 0) heddle::sync::park_until(has_ended_, 0, heddle::sync::no_deadline);
    HEDDLE_MODEL_CHECK(count_ == 1);
  }

 private:
  static void answer(job& asked, unsigned request, const refusal*) noexcept {
    if (request != run_request) return;
    auto& self = static_cast<awaited_job&>(asked);
    self.run_(self.argument_);
    self.count_ = self.count_ + 1;
    self.has_ended_.store(1, release);
    heddle::sync::unpark_all(&self.has_ended_);
  }

  const code run_;
  void* const argument_;
  plain<int> count_ = 0;
  heddle::sync::parking_word has_ended_{0};
};

/// The first thread makes a pool, whose threads are started; `Spare` more of them than it can need at a time.
template <class Derived, unsigned MostStandIns, unsigned Spare, unsigned Workers = 2, int ThreadCount = 1>
struct pool_model : model<Derived, ThreadCount> {
  static constexpr rl::thread_id_t dynamic_thread_count = Workers + MostStandIns + Spare;

  std::optional<pool> home;

  pool_model() {
    for (bool& each : heddle_model::current_run.woke_for_no_reason) each = true;  // other models have that
  }

  void make() {
    home.emplace(heddle::scheduling::pool_settings{
        .workers = Workers, .stack_size = 192, .max_stand_ins = MostStandIns, .max_extra = 1});
  }
  void push(job& added) { HEDDLE_MODEL_CHECK(home->try_push(added) == pool::admission::accepted); }

  /// All jobs have ended, or end now.
  void end(unsigned jobs) {
    home->close();
    home->join();
    const heddle::scheduling::pool_stats seen = home->stats();
    HEDDLE_MODEL_CHECK(seen.jobs_run == jobs && seen.queued_jobs == 0 && seen.stand_ins == 0);
    const auto& run = heddle_model::current_run;
    HEDDLE_MODEL_CHECK(Workers + seen.stand_ins_started == run.started_threads);
    for (std::size_t i = 0; i != run.started_threads; ++i) HEDDLE_MODEL_CHECK(run.is_joined[i]);
    home.reset();
  }
};

/// One worker waits for a job that another one queues among its own before it works on until that job has ended.
template <class Derived, unsigned MostStandIns, unsigned Spare, unsigned Workers, void (awaited_job::*Wait)()>
struct own_job_is_needed : pool_model<Derived, MostStandIns, Spare, Workers> {
  awaited_job inner{[](void*) {}, nullptr};
  awaited_job queues{[](void* self) { static_cast<own_job_is_needed*>(self)->queue(); }, this};
  awaited_job waits{[](void* self) { (static_cast<own_job_is_needed*>(self)->inner.*Wait)(); }, this};

  void queue() {
    this->push(inner);
    inner.await();
  }
  void thread(unsigned) {
    this->make();
    this->push(queues);
    this->push(waits);
    queues.wait();
    waits.wait();
    this->end(3);
  }
};

/// The pool knows of the wait: a stand-in has to run the job.
struct a_worker_works_on : own_job_is_needed<a_worker_works_on, 1, 2, 2, &awaited_job::wait> {};

/// The one that queues the job blocks too, but for a moment only.
struct a_worker_blocks_for_a_moment : pool_model<a_worker_blocks_for_a_moment, 1, 2> {
  awaited_job inner{[](void*) {}, nullptr};
  awaited_job waits{[](void* self) { static_cast<a_worker_blocks_for_a_moment*>(self)->inner.await(); }, this};
  awaited_job queues{[](void* self) { static_cast<a_worker_blocks_for_a_moment*>(self)->queue(); }, this};

  void queue() {
    push(inner);
    {
      const heddle::sync::blocking_scope moment(&inner);
    }
    inner.await();
  }
  void thread(unsigned) {
    make();
    push(waits);
    push(queues);
    waits.wait();
    queues.wait();
    end(3);
  }
};

/// One waits for one call after the other, and the stand-in that has run the first may be about to rest. The pool does
/// not know that the other worker waits.
struct a_worker_blocks_again : pool_model<a_worker_blocks_again, 1, 1> {
  awaited_job inner[2] = {{[](void*) {}, nullptr}, {[](void*) {}, nullptr}};
  awaited_job waits{[](void* self) { static_cast<a_worker_blocks_again*>(self)->inner[1].await(); }, this};
  awaited_job queues{[](void* self) { static_cast<a_worker_blocks_again*>(self)->queue(); }, this};

  void queue() {
    for (awaited_job& each : inner) {
      push(each);
      each.wait();
    }
  }
  void thread(unsigned) {
    make();
    push(waits);
    push(queues);
    waits.wait();
    queues.wait();
    end(4);
  }
};

/// The pool does not know that one waits: the third worker has to, which may have gone to sleep while another one
/// searched.
struct own_job_for_a_sleeper : own_job_is_needed<own_job_for_a_sleeper, 0, 0, 3, &awaited_job::await> {};

/// Both workers wait for jobs from outside, each of which goes on until the other one has begun.
struct jobs_need_each_other : pool_model<jobs_need_each_other, 2, 1> {
  awaited_job begun[2] = {{[](void*) {}, nullptr}, {[](void*) {}, nullptr}};
  awaited_job inner[2] = {{[](void* self) { static_cast<jobs_need_each_other*>(self)->meet(0); }, this},
                          {[](void* self) { static_cast<jobs_need_each_other*>(self)->meet(1); }, this}};
  awaited_job waits[2] = {{[](void* self) { static_cast<jobs_need_each_other*>(self)->inner[0].wait(); }, this},
                          {[](void* self) { static_cast<jobs_need_each_other*>(self)->inner[1].wait(); }, this}};

  void meet(int number) {
    begun[number].run();
    begun[1 - number].await();
  }
  void thread(unsigned) {
    make();
    for (awaited_job& each : waits) push(each);
    for (awaited_job& each : inner) push(each);
    for (awaited_job& each : waits) each.wait();
    end(4);
  }
};

/// A worker forks a call and blocks in the other one. Who has stolen the call queues a job among its own, which both
/// need.
struct a_call_is_queued_for_who_blocks : pool_model<a_call_is_queued_for_who_blocks, 1, 2> {
  awaited_job first{[](void*) {}, nullptr};
  awaited_job stolen{[](void*) {}, nullptr};
  awaited_job inner{[](void*) {}, nullptr};
  awaited_job forks{[](void* self) { static_cast<a_call_is_queued_for_who_blocks*>(self)->fork(); }, this};

  void fork() {
    auto block = [this] {
      stolen.await();
      inner.wait();
    };
    auto queue = [this] {
      stolen.run();
      push(inner);
      inner.await();
    };
    fork_join(*heddle::scheduling::participant::current::get(), block, queue);
  }
  void thread(unsigned) {
    make();
    push(first);
    first.wait();
    push(forks);
    forks.wait();
    end(3);
  }
};

/// A job forks calls, each of which goes on until all have begun: one searches for them at a time, or two do.
template <unsigned Processors>
struct calls_need_each_other : pool_model<calls_need_each_other<Processors>, 0, 0, 3> {
  using calls = calls_need_each_other;
  using participant = heddle::scheduling::participant;

  awaited_job begun[3] = {{[](void*) {}, nullptr}, {[](void*) {}, nullptr}, {[](void*) {}, nullptr}};
  awaited_job forks{[](void* self) { static_cast<calls*>(self)->fork(); }, this};

  void meet(int number) {
    begun[number].run();
    for (awaited_job& each : begun) each.await();
  }
  void fork() {
    auto first = [this] { meet(0); };
    auto others = [this] {
      auto second = [this] { meet(1); };
      auto third = [this] { meet(2); };
      fork_join(*participant::current::get(), second, third);
    };
    fork_join(*participant::current::get(), first, others);
  }
  void thread(unsigned) {
    heddle_model::current_run.processors = Processors;
    this->make();
    this->push(forks);
    forks.wait();
    this->end(1);
  }
};

/// The same by a worker that has slept before, and another one may go to sleep at that moment.
struct calls_after_a_rest : pool_model<calls_after_a_rest, 0, 0> {
  awaited_job first{[](void*) {}, nullptr};
  awaited_job begun[2] = {{[](void*) {}, nullptr}, {[](void*) {}, nullptr}};
  awaited_job forks{[](void* self) { static_cast<calls_after_a_rest*>(self)->fork(); }, this};

  void meet(int number) {
    begun[number].run();
    begun[1 - number].await();
  }
  void fork() {
    auto one = [this] { meet(0); };
    auto other = [this] { meet(1); };
    fork_join(*heddle::scheduling::participant::current::get(), one, other);
  }
  void thread(unsigned) {
    make();
    push(first);
    first.wait();
    push(forks);
    forks.wait();
    end(2);
  }
};

/// The same by a guest, who counts as one of three workers. The others wait awake, one at a time, and hold out a hand.
struct calls_of_a_guest : pool_model<calls_of_a_guest, 0, 0, 3> {
  using participant = heddle::scheduling::participant;

  awaited_job begun[3] = {{[](void*) {}, nullptr}, {[](void*) {}, nullptr}, {[](void*) {}, nullptr}};

  void meet(int number) {
    begun[number].run();
    for (awaited_job& each : begun) each.await();
  }
  void thread(unsigned) {
    heddle_model::current_run.is_patient = true;
    make();
    {
      const heddle::scheduling::guest_scope guest(home->members());
      auto first = [this] { meet(0); };
      auto others = [this] {
        auto second = [this] { meet(1); };
        auto third = [this] { meet(2); };
        fork_join(*participant::current::get(), second, third);
      };
      if (choose(2) == 0) guest.get()->stack.beg(heddle::queue::beggars::all);  // as parallel_invoke() may do it
      fork_join(*guest.get(), first, others);
    }
    end(0);
  }
};

/// Two outside threads. While the one is in, or what it has submitted keeps the worker that may help the other one, the
/// other one forks calls that need each other, and other workers sleep.
template <class Derived>
struct two_outside : pool_model<Derived, 0, 0, 2, 2> {
  awaited_job made{[](void*) {}, nullptr};
  awaited_job over{[](void*) {}, nullptr};
  awaited_job begun[2] = {{[](void*) {}, nullptr}, {[](void*) {}, nullptr}};

  void meet(int number) {
    begun[number].run();
    begun[1 - number].await();
  }
  void thread(unsigned index) {
    auto& self = static_cast<Derived&>(*this);
    if (index != 0) {
      made.await();
      self.disturb();
      return over.run();
    }
    heddle_model::current_run.guest_seats = 2;
    this->make();
    made.run();
    {
      const heddle::scheduling::guest_scope guest(this->home->members());
      auto one = [this] { meet(0); };
      auto other = [this] { meet(1); };
      // As parallel_invoke() does it for calls that are worth it.
      guest.get()->stack.beg(heddle::queue::beggars::awake);
      fork_join(*guest.get(), one, other);
    }
    over.await();
    this->end(Derived::jobs);
  }
};

struct a_guest_leaves : two_outside<a_guest_leaves> {
  static constexpr unsigned jobs = 0;
  void disturb() { const heddle::scheduling::guest_scope guest(home->members()); }
};

struct a_helper_takes_a_job : two_outside<a_helper_takes_a_job> {
  static constexpr unsigned jobs = 1;
  awaited_job long_one{[](void* self) { static_cast<a_helper_takes_a_job*>(self)->begun[1].await(); }, this};
  void disturb() {
    push(long_one);
    long_one.await();
  }
};

/// Jobs that are alive together: each goes on until all have begun.
template <class Derived, unsigned Workers, unsigned Spare, int ThreadCount = 1>
struct resized_pool : pool_model<Derived, 0, Spare, Workers, ThreadCount> {
  awaited_job begun[3] = {{[](void*) {}, nullptr}, {[](void*) {}, nullptr}, {[](void*) {}, nullptr}};
  awaited_job meets[3] = {{[](void* self) { static_cast<resized_pool*>(self)->meet(0); }, this},
                          {[](void* self) { static_cast<resized_pool*>(self)->meet(1); }, this},
                          {[](void* self) { static_cast<resized_pool*>(self)->meet(2); }, this}};
  unsigned together = 0;

  void meet(unsigned number) {
    begun[number].run();
    for (unsigned i = 0; i != together; ++i) begun[i].await();
  }
  void run_together(unsigned count) {
    together = count;
    for (unsigned i = 0; i != count; ++i) this->push(meets[i]);
    for (unsigned i = 0; i != count; ++i) meets[i].wait();
  }
};

/// It is made smaller while its workers sleep, or are about to, and large again while one has retired, or has not yet.
struct smaller_and_larger : resized_pool<smaller_and_larger, 2, 0> {
  awaited_job alone[2] = {{[](void*) {}, nullptr}, {[](void*) {}, nullptr}};

  void thread(unsigned) {
    make();
    home->resize(1);
    for (awaited_job& each : alone) push(each);
    for (awaited_job& each : alone) each.wait();
    home->resize(2);
    run_together(2);
    if (choose(2) == 0) home->resize(1);
    end(4);
  }
};

/// One more than there were at the start, whom somebody has to bring in.
struct larger_than_made : resized_pool<larger_than_made, 2, 1> {
  void thread(unsigned) {
    make();
    home->resize(3);
    run_together(3);
    end(3);
  }
};

/// The only worker of a pool waits for a job that it has queued behind another one, or that comes from outside: a
/// stand-in runs both.
struct the_only_worker_is_replaced : pool_model<the_only_worker_is_replaced, 1, 1, 1> {
  awaited_job inner{[](void*) {}, nullptr};
  awaited_job other{[](void*) {}, nullptr};
  awaited_job waits{[](void* self) { static_cast<the_only_worker_is_replaced*>(self)->wait(); }, this};
  bool comes_later = false;

  void wait() {
    if (!comes_later) push(inner);
    inner.wait();
  }
  void thread(unsigned) {
    comes_later = choose(2) == 1;
    make();
    push(waits);
    push(other);
    if (comes_later) push(inner);
    waits.wait();
    other.wait();
    end(3);
  }
};

/// The second thread lends itself to the pool that the first one makes, and tells when it works no more. The first one
/// goes on with use().
template <class Derived, class Pool>
struct with_lent_thread : Pool {
  awaited_job made{[](void*) {}, nullptr};
  awaited_job lends{[](void*) {}, nullptr};
  awaited_job has_worked{[](void*) {}, nullptr};
  pool::loan* loan = nullptr;

  void thread(unsigned index) {
    if (index == 0) {
      this->make();
      made.run();
      lends.await();
      static_cast<Derived*>(this)->use();
    } else {
      made.await();
      pool::loan of_this_thread(*this->home, *this->home->try_take_loan());
      loan = &of_this_thread;
      lends.run();
      of_this_thread.work();
      has_worked.run();
    }
  }
};

/// A thread is lent to a pool of one, and called off when it has run a job, or waits for one: it leaves before the pool
/// ends.
struct a_thread_is_lent : with_lent_thread<a_thread_is_lent, resized_pool<a_thread_is_lent, 1, 0, 2>> {
  void use() {
    run_together(2);
    loan->call_off();
    has_worked.await();
    end(2);
  }
};

/// A lent thread leaves as soon as it has run a job, which has queued another one, while workers sleep or are about to.
struct a_lent_thread_leaves_a_job
    : with_lent_thread<a_lent_thread_leaves_a_job, pool_model<a_lent_thread_leaves_a_job, 0, 0, 2, 2>> {
  awaited_job left{[](void*) {}, nullptr};
  awaited_job leaves{[](void* self) { static_cast<a_lent_thread_leaves_a_job*>(self)->leave(); }, this};

  void leave() {
    push(left);
    loan->call_off();
  }
  void use() {
    push(leaves);
    leaves.wait();
    left.wait();
    end(2);
  }
};

/// The same while the pool is closed: nobody else may be there any more.
struct a_lent_thread_leaves_a_closed_pool
    : with_lent_thread<a_lent_thread_leaves_a_closed_pool, pool_model<a_lent_thread_leaves_a_closed_pool, 0, 0, 2, 2>> {
  awaited_job left{[](void*) {}, nullptr};
  awaited_job leaves{[](void* self) { static_cast<a_lent_thread_leaves_a_closed_pool*>(self)->leave(); }, this};
  unsigned accepted = 1;

  void leave() {
    if (home->try_push(left) == pool::admission::accepted) ++accepted;
    if (rl::thread_index() == 1) loan->call_off();  // a worker may have it
  }
  void use() {
    push(leaves);
    home->close();
    home->join();
    HEDDLE_MODEL_CHECK(home->stats().jobs_run == accepted && home->stats().queued_jobs == 0);
    home.reset();
  }
};

/// A job is left when the pool is closed.
struct closed_at_once : pool_model<closed_at_once, 0, 0> {
  awaited_job last{[](void*) {}, nullptr};

  void thread(unsigned) {
    make();
    push(last);
    end(1);
  }
};

/// The start hook of a worker throws: a job is refused with that error, unless it is run.
struct a_worker_cannot_start : model<a_worker_cannot_start, 1> {
  static constexpr rl::thread_id_t dynamic_thread_count = 2;

  struct refusable_job : job {
    refusable_job() : job(&answer) {}
    static void answer(job& self, unsigned request, const refusal* why) noexcept {
      HEDDLE_MODEL_CHECK(request == run_request || (request == refuse_request && why->error != nullptr));
      ++static_cast<refusable_job&>(self).ends;
    }
    int ends = 0;
  };

  std::optional<pool> home;
  refusable_job queued;

  void thread(unsigned) {
    home.emplace(heddle::scheduling::pool_settings{.workers = 2, .on_start = [](std::size_t index) {
                                                     if (index == 1) throw index;
                                                   }});
    const pool::admission answer = home->try_push(queued);
    try {
      home->rethrow_if_broken();
      HEDDLE_MODEL_CHECK(answer == pool::admission::accepted);
    } catch (std::size_t index) {
      HEDDLE_MODEL_CHECK(index == 1);
    }
    home->close();
    home->join();
    HEDDLE_MODEL_CHECK(answer == pool::admission::accepted ? queued.ends == 1 : queued.ends == 0);
    HEDDLE_MODEL_CHECK(answer == pool::admission::accepted || answer == pool::admission::broken);
    home.reset();
  }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models(
      {"scheduling/job_queues.hpp", "scheduling/job_refusal.hpp", "scheduling/work_loop.hpp"},
      {
          explore<a_guest_leaves>("a guest leaves", random_runs(50'000)),
          explore<a_helper_takes_a_job>("a helper takes a job", random_runs(150'000)),
          explore<a_call_is_queued_for_who_blocks>("a call is queued for who blocks", random_runs(200'000)),
          explore<calls_after_a_rest>("calls after a rest", random_runs(200'000)),
          explore<calls_of_a_guest>("calls of a guest", random_runs(50'000)),
          explore<smaller_and_larger>("smaller and larger", random_runs(50'000)),
          explore<larger_than_made>("larger than made", random_runs(50'000)),
          explore<a_thread_is_lent>("a thread is lent", random_runs(50'000)),
          explore<a_lent_thread_leaves_a_job>("a lent thread leaves a job", random_runs(50'000)),
          explore<a_lent_thread_leaves_a_closed_pool>("a lent thread leaves a closed pool", random_runs(50'000)),
          explore<the_only_worker_is_replaced>("the only worker is replaced", random_runs(50'000)),
          explore<closed_at_once>("closed at once", random_runs(50'000)),
          explore<a_worker_cannot_start>("a worker cannot start", random_runs(50'000)),
          explore<a_worker_works_on>("a worker works on", random_runs(50'000)),
          explore<a_worker_blocks_for_a_moment>("a worker blocks for a moment", random_runs(50'000)),
          explore<a_worker_blocks_again>("a worker blocks again", random_runs(100'000)),
          explore<jobs_need_each_other>("jobs need each other", random_runs(150'000)),
          explore<own_job_for_a_sleeper>("own job for a sleeper", random_runs(100'000)),
          explore<calls_need_each_other<1>>("calls need each other", random_runs(50'000)),
          explore<calls_need_each_other<3>>("two search for calls that need each other", random_runs(50'000)),
      },
      {
          {"work_loop::has_ended barrier", "it pairs with the one of work_on_loan, below"},
          {"work_loop::work_on_loan barrier",
           "no sample closes a pool in the moment in which a lent thread leaves a job"},
      });
  return models.run(argc, argv);
}
