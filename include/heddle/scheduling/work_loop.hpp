// SPDX-License-Identifier: MIT
// What a pool's thread does all its life: it runs what it finds, waits awake for more, and sleeps.
#pragma once

#include <cstdint>
#include <utility>

#include <heddle/base/barrier.hpp>
#include <heddle/queue/job.hpp>
#include <heddle/scheduling/crew.hpp>
#include <heddle/scheduling/job_queues.hpp>
#include <heddle/scheduling/job_refusal.hpp>
#include <heddle/scheduling/join.hpp>
#include <heddle/scheduling/open_hand.hpp>
#include <heddle/scheduling/retirement.hpp>
#include <heddle/scheduling/stand_ins.hpp>
#include <heddle/scheduling/unanswered_plea.hpp>
#include <heddle/scheduling/work_search.hpp>
#include <heddle/scheduling/worker.hpp>
#include <heddle/sync/patience.hpp>
#include <heddle/sync/wake_mark.hpp>

namespace heddle::scheduling {

/// The loop is the same for all threads of a pool; each calls it with its own worker.
class work_loop {
 public:
  work_loop(crew& all, stand_ins& others, retirement& retired, job_queues& queues, const job_refusal& refusal) noexcept
      : crew_(all),
        stand_ins_(others),
        retired_(retired),
        queues_(queues),
        refusal_(refusal),
        search_(all, queues.common(), queues.has_own_deques()) {}

  [[nodiscard]] const work_search& search() const noexcept { return search_; }

  /// Until the pool is closed and empty. A worker that is not needed, since the pool was made smaller, retires
  /// meanwhile.
  void work_or_retire(worker& self) noexcept {
    for (;;) {
      // Before it looks for work, too: its thread may have begun after the pool was made smaller.
      if (!may_rest(self)) work(self);
      if (has_ended()) return;
      self.end_work();
      retired_.retire(self);
    }
  }

  /// Until the pool is closed and empty, or the loan is over.
  void work_on_loan(worker& self) noexcept {
    if (may_rest(self)) return;
    self.begin_work();
    work(self);
    self.end_work();
    if (self.jobs.empty_hint()) return;
    // What it leaves is for others. One that has gone to sleep meanwhile is called; where they have ended, since the
    // pool was closed, it does that itself: see has_ended().
    base::full_barrier();
    if (!queues_.common().is_closed()) return stand_ins_.call_somebody();
    while (queue::job* const left = self.jobs.try_pop()) run(self, {.job = left});
    self.end_work();
  }

  /// A loan is over: its thread leaves when it has ended what it runs. Any thread.
  void call_off(worker& lent) noexcept {
    lent.called_off.store(true, base::relaxed);  // relaxed: what follows orders it before the list is read, see park()
    crew_.call_all_to_end();
  }

  /// Until the pool is closed and empty, or the thread is not needed any more.
  void work(worker& self) noexcept {
    // A stand-in that finds work looks whether one more is needed, as who was woken does.
    bool searching = self.stands_in && crew_.idle().try_begin_search(1);
    sync::patience patience;
    do {
      if (const finding found = search_.look(self); found.is_something()) {
        if (std::exchange(searching, false)) end_search(self, found.task != nullptr);
        if (std::exchange(self.took_several, false)) queues_.announce_own();
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
    if (queues_.common().finished()) crew_.call_all_to_end();
  }

  /// The same for a stand-in, which rests and is called again, also for errands.
  void stand_in(worker& self) noexcept {
    const auto look = [this, &self] { look_again(self); };
    do {
      if (self.assigned.run != nullptr) {
        const auto errand = std::exchange(self.assigned, {});
        self.begin_work();
        errand.run(errand.argument);
        while (queue::job* const left = self.jobs.try_pop()) run(self, {.job = left});
      } else {
        work(self);
        if (has_ended()) return stand_ins_.leave(self, look);
      }
      self.end_work();
    } while (stand_ins_.rest(self, look));
  }

 private:
  /// Who works no more may have been counted on by who queued something.
  void look_again(worker& self) noexcept {
    if (stand_ins_.are_needed() && search_.has_unannounced_jobs(self)) stand_ins_.call_somebody();
  }

  void run(worker& self, const finding& found) noexcept {
    self.begin_work();
    if (found.task != nullptr) return run_stolen(self, *found.owner, *found.task);
    crew_.leave_loops(self);
    self.counts.jobs_run.add_one();
    refusal_.run(*found.job);
  }

  /// Whether nothing is left to begin, and nothing will come. A worker that has found nothing may only have been out of
  /// luck with the others' deques.
  [[nodiscard]] bool has_ended() const noexcept {
    if (!queues_.common().finished()) return false;
    base::full_barrier();  // either this sees what a lent thread has left, or that one sees that the queue is closed
    return !search_.has_queued_jobs();
  }

  /// Whether it is not needed. Not asked when a stand-in has just been called: if it rested without a look, since whom
  /// it was called for is awake for a moment, who blocks again and again would never be helped.
  [[nodiscard]] bool may_rest(const worker& self) const noexcept {
    if (!self.stands_in) return retired_.is_wanted() && self.jobs.empty_hint();
    if (self.is_lent) return self.called_off.load(base::relaxed);  // relaxed: park() orders it
    return stand_ins_.are_too_many() && self.jobs.empty_hint();
  }

  /// How many may look for work while this worker does: where jobs come from outside, the next one wakes somebody
  /// anyway.
  [[nodiscard]] std::uint32_t enough_searching(const worker& self) const noexcept {
    return self.took_from == worker::source::others ? crew_.most_searching() : 1;
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
      } else if (search_.has_backlog() || crew_.somebody_forks_for_place(self)) {
        crew_.call_worker();
      }
    } else if (stand_ins_.are_needed() && search_.has_queued_jobs()) {
      stand_ins_.call_somebody();
    }
  }

  /// Waits until there may be something to do, or for as long as there is patience, and runs what it is given
  /// meanwhile. True if it still searches.
  bool wait_awake(worker& self, sync::patience& patience) noexcept {
    do {
      const open_hand::gift given = hold_out_hand(self, patience);
      if (!given) return true;
      // What end_search() looks at comes together with the task, and not after it.
      given.owner->stack.prefetch();
      crew_.prefetch();
      self.begin_work();
      end_search(self, true);
      self.took_from = worker::source::others;
      self.counts.tasks_stolen.add_one();
      serve(self, *given.owner, *given.task);
      self.end_work();
      patience.reset();
      if (!crew_.idle().try_begin_search(enough_searching(self))) return false;
    } while (self.jobs.empty_hint() && !may_rest(self));
    return true;
  }

  /// Looks around only once in a while: that disturbs who is about to give something.
  open_hand::gift hold_out_hand(worker& self, sync::patience& patience) noexcept {
    constexpr unsigned pauses = 64;
    const bool takes = crew_.places().take(self);  // if there are too many, nobody gives
    unanswered_plea plea(crew_.exposing());
    if (takes) {
      self.hand.open();
      crew_.announce_hand(self);
    }
    do {
      for (unsigned i = 0; i < pauses && !self.hand.is_full() && queues_.common().size_hint() == 0; ++i)
        patience.pause();
    } while (!self.hand.is_full() && !patience.is_over() && !search_.is_something_around(self, takes, patience, plea));
    return takes ? self.hand.close() : open_hand::gift{};
  }

  /// Sleeps until it is called. True if it searches from then on.
  bool park(worker& self, bool searching) noexcept {
    crew_.leave_loops(self);
    self.prepare_to_park();
    const bool nobody_searches = crew_.idle().park(self.number, self.link, searching);
    if (queues_.common().finished() || (self.is_lent && may_rest(self))) {
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
    if ((crew_.beg_of_everybody(self) && crew_.places().ask()) || search_.has_backlog()) crew_.call_worker();
  }

  crew& crew_;
  stand_ins& stand_ins_;
  retirement& retired_;
  job_queues& queues_;
  const job_refusal& refusal_;
  const work_search search_;
};

}  // namespace heddle::scheduling
