// SPDX-License-Identifier: MIT
// Stand-ins: a job that is queued while all workers block is run, whoever blocks, goes on or goes to rest meanwhile;
// who rests and is called works or has left; all threads are joined.
#include <algorithm>
#include <cstdint>
#include <utility>

#include <heddle/queue/injection_queue.hpp>
#include <heddle/scheduling/crew.hpp>
#include <heddle/scheduling/stand_ins.hpp>
#include <heddle/scheduling/work_search.hpp>
#include <heddle/scheduling/worker.hpp>

#include "model/checker.hpp"
#include "model/event_counter.hpp"
#include "model/model.hpp"
#include "model/numbered_job.hpp"
#include "model/plain.hpp"

namespace {

using heddle::base::atomic;
using heddle::base::relaxed;
using heddle::scheduling::crew;
using heddle::scheduling::stand_ins;
using heddle::scheduling::work_search;
using heddle::scheduling::worker;
using heddle_model::choose;
using heddle_model::event_counter;
using heddle_model::model;
using heddle_model::plain;

/// A pool whose workers and stand-ins do as those of the real one do; up to `Started` threads are started. All that
/// neither the stand-ins nor the idle policy orders is relaxed. Jobs are a number, for which Derived may have something
/// else; it has `void run_job(worker&)`.
template <class Derived, int ThreadCount, int Started, int MostForWork, int Workers = 1>
struct pool_model : model<Derived, ThreadCount> {
  static constexpr rl::thread_id_t dynamic_thread_count = Started;

  crew home{nullptr, Workers, stand_ins::most(MostForWork), 1};
  stand_ins standing_in{home, &run_stand_in, 0, MostForWork};
  atomic<int> jobs{0};
  atomic<int> closed{0};
  event_counter done;

  pool_model() {
    now = static_cast<Derived*>(this);
    for (bool& each : heddle_model::current_run.woke_for_no_reason) each = true;  // other models have that
  }

  void after() {
    HEDDLE_MODEL_CHECK(standing_in.working() == 0);
    HEDDLE_MODEL_CHECK(!standing_in.are_needed() && !standing_in.are_too_many());
    HEDDLE_MODEL_CHECK(standing_in.started() == heddle_model::current_run.started_threads);
    for (std::size_t i = 0; i != standing_in.started(); ++i) HEDDLE_MODEL_CHECK(heddle_model::current_run.is_joined[i]);
  }

  // ---- from outside

  void push() {
    jobs.fetch_add(1, relaxed);
    standing_in.call_somebody();
  }
  void close() {
    closed.store(1, relaxed);
    home.call_all_to_end();
  }

  // ---- as the pool does it

  void begin_to_block(worker& self) {
    standing_in.worker_blocks();
    if (now->has_unannounced_jobs(self)) standing_in.call_somebody();
  }
  void block_until_done(worker& self, std::uint32_t wanted) {
    begin_to_block(self);
    done.wait_for(wanted);
    standing_in.worker_resumes();
  }

  static void* run_stand_in(void* argument) {
    worker& self = *static_cast<worker*>(argument);
    now->stand_in(self);
    now->standing_in.vacate(self);
    return nullptr;
  }

  void stand_in(worker& self) {
    const auto look_again = [this, &self] {
      now->check_who_is_left();
      if (standing_in.are_needed() && now->has_unannounced_jobs(self)) standing_in.call_somebody();
    };
    do {
      const worker::errand errand = self.assigned;
      if (errand.run != nullptr) {
        self.assigned = worker::errand{};
        errand.run(errand.argument);
      } else {
        work(self);
        if (has_ended()) return standing_in.leave(self, look_again);
      }
    } while (standing_in.rest(self, look_again));
  }

  void work(worker& self) {
    bool searching = home.idle().try_begin_search(1);
    do {
      if (now->try_take(self)) {
        if (std::exchange(searching, false)) end_search();
        now->run_job(self);
        continue;
      }
      if (has_ended() || standing_in.are_too_many()) break;
      if (!searching) searching = home.idle().try_begin_search(1);
      searching = park(self, searching);
    } while (!standing_in.are_too_many());
    if (searching) end_search();
    if (has_ended()) home.call_all_to_end();
  }

  void end_search() {
    if (!home.idle().end_search()) return;
    if (home.idle().somebody_is_parked()) {
      if (now->has_jobs()) home.call_worker();
    } else if (standing_in.are_needed() && now->has_jobs()) {
      standing_in.call_somebody();
    }
  }

  bool park(worker& self, bool searching) {
    self.prepare_to_park();
    const bool nobody_searches = home.idle().park(self.number, self.link, searching);
    if (has_ended()) {
      home.call_all_to_end();
    } else if (nobody_searches && now->has_jobs()) {
      home.call_worker();
    }
    return self.sleep_until_recalled();
  }

  bool try_take(worker&) {
    int seen = jobs.load(relaxed);
    while (seen > 0) {
      if (jobs.compare_exchange_weak(seen, seen - 1, relaxed, relaxed)) return true;
    }
    return false;
  }
  bool has_jobs() { return jobs.load(relaxed) > 0; }
  bool has_unannounced_jobs(worker&) { return has_jobs(); }
  void check_who_is_left() {}
  bool has_ended() { return closed.load(relaxed) != 0 && !now->has_jobs(); }

  static inline Derived* now = nullptr;
};

/// The only worker waits for a job that somebody else queues.
struct queued_while_the_worker_blocks : pool_model<queued_while_the_worker_blocks, 2, 1, 1> {
  void thread(unsigned index) {
    if (index == 0) return push();
    block_until_done(home.worker_at(0), 1);
    close();
    standing_in.join();
  }
  void run_job(worker&) { done.add_one(); }
};

/// It queues jobs itself, and waits for one after the other; the stand-in may have rested, or have left, meanwhile. The
/// second one may have been accepted shortly before somebody closed the pool.
struct the_worker_blocks_again : pool_model<the_worker_blocks_again, 1, 3, 1> {
  void thread(unsigned) {
    push();
    block_until_done(home.worker_at(0), 1);
    const bool closes_early = choose(2) == 1;
    if (closes_early) close();
    push();
    block_until_done(home.worker_at(0), 2);
    if (!closes_early) close();
    standing_in.join();
  }
  void run_job(worker&) { done.add_one(); }
};

/// It blocks for a moment only: the stand-in runs the job all the same.
struct the_worker_blocks_for_a_moment : pool_model<the_worker_blocks_for_a_moment, 1, 1, 1> {
  void thread(unsigned) {
    push();
    begin_to_block(home.worker_at(0));
    standing_in.worker_resumes();
    done.wait_for(1);
    close();
    standing_in.join();
  }
  void run_job(worker&) { done.add_one(); }
};

/// Two workers block, and each of two jobs goes on until the other one has begun.
struct jobs_need_each_other : pool_model<jobs_need_each_other, 1, 2, 2> {
  event_counter begun;

  void before() {
    standing_in.worker_blocks();
    standing_in.worker_blocks();
  }
  void thread(unsigned) {
    push();
    push();
    done.wait_for(2);
    standing_in.worker_resumes();
    standing_in.worker_resumes();
    close();
    standing_in.join();
  }
  void run_job(worker&) {
    begun.add_one();
    begun.wait_for(2);
    done.add_one();
  }
};

/// Two workers block, of which only one may have a stand-in.
struct more_block_than_stand_in : pool_model<more_block_than_stand_in, 2, 2, 1> {
  void before() {
    standing_in.worker_blocks();
    standing_in.worker_blocks();
  }
  void thread(unsigned index) {
    push();
    if (index != 0) return;
    done.wait_for(2);
    standing_in.worker_resumes();
    standing_in.worker_resumes();
    close();
    standing_in.join();
  }
  void run_job(worker&) {
    HEDDLE_MODEL_CHECK(standing_in.working() <= 1);
    done.add_one();
  }
};

/// The job that the worker waits for queues another one, and waits for that.
struct a_stand_in_blocks : pool_model<a_stand_in_blocks, 1, 2, 2> {
  atomic<int> begun{0};

  void thread(unsigned) {
    push();
    block_until_done(home.worker_at(0), 2);
    close();
    standing_in.join();
  }
  void run_job(worker& self) {
    if (begun.fetch_add(1, relaxed) == 0) {
      push();
      block_until_done(self, 1);
    }
    done.add_one();
  }
};

/// The job is in the deque of another worker, which tells nobody unless it sees a need, and works on until it has been
/// run.
struct another_worker_has_the_job : pool_model<another_worker_has_the_job, 2, 1, 1, 2> {
  heddle::queue::injection_queue common{1, 2};
  work_search search{home, common, true};
  heddle_model::numbered_job job;

  void before() {
    using enum heddle_model::heavy_barriers;
    heddle_model::have_heavy_barriers(choose(2) == 0 ? all : none);
  }
  void thread(unsigned index) {
    worker& self = home.worker_at(index);
    if (index == 0) {
      block_until_done(self, 1);
      close();
      standing_in.join();
    } else {
      self.begin_work();
      job.fill();
      self.jobs.push(job);
      announce_own();
      done.wait_for(1);
      self.end_work();
    }
  }
  void announce_own() {
    heddle::base::light_barrier();
    if (!heddle::base::has_heavy_barrier() || home.idle().somebody_is_parked() || standing_in.are_needed()) {
      standing_in.call_somebody();
    }
  }
  bool try_take(worker& self) {
    heddle::queue::job* const found = search.look(self).job;
    if (found == nullptr) return false;
    HEDDLE_MODEL_CHECK(heddle_model::numbered(found).is_filled());
    return true;
  }
  bool has_jobs() { return search.has_queued_jobs(); }
  bool has_unannounced_jobs(worker& self) { return search.has_unannounced_jobs(self); }
  void run_job(worker&) { done.add_one(); }
};

/// A pool that is larger keeps as many stand-ins as it is larger: nobody brings one back for what is forked.
template <class Derived>
struct larger_pool : pool_model<Derived, 1, 2, 0> {
  int extra = 0;

  void make_larger_by(int more) {
    extra = std::min(extra, more);
    this->standing_in.set_extra(more);
    extra = more;
    this->home.call_all_to_end();
  }
  void end() {
    make_larger_by(0);
    this->close();
    this->standing_in.join();
  }
  void check_who_is_left() { HEDDLE_MODEL_CHECK(static_cast<int>(this->standing_in.working()) >= extra); }
  void run_job(worker&) { this->done.add_one(); }
};

/// It becomes smaller while all look for work.
struct a_pool_becomes_smaller : larger_pool<a_pool_becomes_smaller> {
  void thread(unsigned) {
    make_larger_by(2);
    make_larger_by(1);
    if (choose(2) == 1) {
      push();
      done.wait_for(1);
    }
    end();
  }
};

/// The worker goes on while the stand-in that ran an errand for it still works, so one of two rests, and one only.
struct an_errand_in_a_larger_pool : larger_pool<an_errand_in_a_larger_pool> {
  event_counter resumed;
  event_counter rested;

  static void execute(void* self) noexcept {
    auto& all = *static_cast<an_errand_in_a_larger_pool*>(self);
    all.done.add_one();
    all.resumed.wait_for(1);
  }
  void thread(unsigned) {
    make_larger_by(1);
    standing_in.worker_blocks();
    HEDDLE_MODEL_CHECK(standing_in.call_for({&execute, this}));
    done.wait_for(1);
    standing_in.worker_resumes();
    home.call_all_to_end();
    resumed.add_one();
    rested.wait_for(1);
    end();
  }
  void check_who_is_left() {
    larger_pool::check_who_is_left();
    rested.add_one();
  }
};

/// Errands one after the other; a stand-in that rests may be called for the second one, or may have left.
struct errand_after_errand : pool_model<errand_after_errand, 1, 2, 0> {
  plain<unsigned> sent = 0;
  plain<unsigned> executed = 0;

  static void execute(void* self) noexcept {
    auto& all = *static_cast<errand_after_errand*>(self);
    all.executed = all.executed + all.sent;
    all.done.add_one();
  }
  void thread(unsigned) {
    for (unsigned i = 1; i <= 2; ++i) {
      sent = i;
      HEDDLE_MODEL_CHECK(standing_in.call_for({&execute, this}));
      done.wait_for(i);
    }
    HEDDLE_MODEL_CHECK(executed == 3);
    close();
    standing_in.join();
  }
  void run_job(worker&) {}
};

/// Two errands, of which the second calls for a third one, which it does itself if there are too many.
struct a_thread_begins_while_others_are_joined : pool_model<a_thread_begins_while_others_are_joined, 1, 3, 0> {
  static void execute_last(void* self) noexcept {
    static_cast<a_thread_begins_while_others_are_joined*>(self)->done.add_one();
  }
  static void execute_second(void* self) noexcept {
    auto& all = *static_cast<a_thread_begins_while_others_are_joined*>(self);
    if (!all.standing_in.call_for({&execute_last, self})) execute_last(self);
    all.done.wait_for(1);
  }
  void thread(unsigned) {
    HEDDLE_MODEL_CHECK(standing_in.call_for({[](void*) noexcept {}, nullptr}));
    HEDDLE_MODEL_CHECK(standing_in.call_for({&execute_second, this}));
    close();
    standing_in.join();
  }
  void run_job(worker&) {}
};

/// A thread is lent, in the seat of a stand-in that has left, while the pool is being ended.
struct a_thread_is_lent : pool_model<a_thread_is_lent, 2, 1, 1> {
  plain<int> made_on_loan = 0;
  event_counter has_begun;
  bool was_lent = false;

  void thread(unsigned index) {
    if (index == 0) {
      HEDDLE_MODEL_CHECK(standing_in.call_for({[](void*) noexcept {}, nullptr}));
      has_begun.wait_for(1);
      close();
      standing_in.join();
      HEDDLE_MODEL_CHECK(made_on_loan == (was_lent ? 1 : 0));
    } else {
      worker* const lent = standing_in.take_loan();
      was_lent = lent != nullptr;
      has_begun.add_one();
      if (!was_lent) return;
      made_on_loan = 1;
      standing_in.end_loan(*lent);
    }
  }
  void run_job(worker&) {}
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models(
      {"scheduling/stand_ins.hpp", "scheduling/work_search.hpp"},
      {
          explore<errand_after_errand>("errand after errand", at_most_switches(2)),
          explore<a_thread_is_lent>("a thread is lent", at_most_switches(2)),
          explore<another_worker_has_the_job>("another worker has the job", at_most_switches(1)),
          explore<more_block_than_stand_in>("more block than stand in", at_most_switches(1)),
          explore<a_thread_begins_while_others_are_joined>("a thread begins while others are joined",
                                                           at_most_switches(1)),
          explore<the_worker_blocks_for_a_moment>("the worker blocks for a moment", at_most_switches(2)),
          explore<the_worker_blocks_again>("the worker blocks again", at_most_switches(2)),
          explore<queued_while_the_worker_blocks>("a job is queued while the worker blocks", at_most_switches(2)),
          explore<jobs_need_each_other>("jobs need each other", random_runs(100'000)),
          explore<a_stand_in_blocks>("a stand-in blocks", random_runs(100'000)),
          explore<a_pool_becomes_smaller>("a pool becomes smaller", random_runs(50'000)),
          explore<an_errand_in_a_larger_pool>("an errand in a larger pool", random_runs(50'000)),
      },
      {
          {"stand_ins::wait_for_loans acquire",
           "the mutex orders what was done on a loan, this the end of the word itself"},
          {"stand_ins::end_loan release", "the same"},
      });
  return models.run(argc, argv);
}
