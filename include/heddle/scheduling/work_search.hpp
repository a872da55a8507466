// SPDX-License-Identifier: MIT
// Where a worker finds something to do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>

#include <heddle/base/barrier.hpp>
#include <heddle/queue/injection_queue.hpp>
#include <heddle/queue/job.hpp>
#include <heddle/queue/lane.hpp>
#include <heddle/queue/task_stack.hpp>
#include <heddle/scheduling/crew.hpp>
#include <heddle/scheduling/participant.hpp>
#include <heddle/scheduling/unanswered_plea.hpp>
#include <heddle/scheduling/worker.hpp>
#include <heddle/sync/patience.hpp>

namespace heddle::scheduling {

/// What a worker has found to do: a job, or a task on somebody's stack.
struct finding {
  queue::job* job = nullptr;
  participant* owner = nullptr;
  queue::stack_slot* task = nullptr;

  [[nodiscard]] bool is_something() const noexcept { return job != nullptr || task != nullptr; }
};

/// A worker looks into its own deque, the common queue of the pool, the deques of others, and onto the task stacks of
/// others as far as it may help with loops.
class work_search {
 public:
  work_search(crew& all, queue::injection_queue& common, bool has_own_deques) noexcept
      : crew_(all), jobs_(common), has_own_deques_(has_own_deques) {}

  /// A job, or a part of a loop, or a job of the background.
  finding look(worker& self) const noexcept {
    finding found;
    found.job = next_job(self);
    if (found.job != nullptr) return found;
    if (crew_.may_help_loops(self)) {
      crew_.rob_somebody(self, [&found](participant& other) {
        found.task = other.stack.try_steal();
        found.owner = &other;
        return found.task != nullptr;
      });
    }
    if (found.task != nullptr) {
      self.took_from = worker::source::others;
      self.counts.tasks_stolen.add_one();
    } else if (jobs_.size_hint() != 0) {
      found.job = take_from_background(self);
    }
    return found;
  }

  /// Whether look() may find something. Begs of those who have something private.
  bool is_something_around(worker& self, bool may_help_loops, const sync::patience& patience,
                           unanswered_plea& plea) const noexcept {
    if (jobs_.size_hint() != 0 || jobs_.finished()) return true;
    const auto has_jobs = [](worker& other) { return !other.jobs.empty_hint(); };
    if (self.pace.may_steal() && crew_.rob_worker(self, has_jobs)) return true;
    if (!may_help_loops) return crew_.places().has_one();
    const bool found = crew_.rob_somebody(self, [&](participant& other) {
      if (other.stack.has_public()) return true;
      if (!other.stack.has_private()) return false;
      other.stack.beg(queue::beggars::awake);
      return plea.is_redressed(other, patience);
    });
    plea.end_look();
    return found;
  }

  /// Whether there is something to do that nobody has begun, and that a worker may do.
  [[nodiscard]] bool has_backlog() const noexcept {
    return has_queued_jobs() || (has_public_tasks() && crew_.places().ask());
  }

  [[nodiscard]] bool has_public_tasks() const noexcept {
    return crew_.each_of_all([](participant& each) { return each.stack.has_public(); });
  }

  /// Whether there are queued jobs, for a worker that has made known that it does no work now: those too that
  /// push_own() has not announced.
  [[nodiscard]] bool has_unannounced_jobs(const worker& self) const noexcept {
    if (has_queued_jobs()) return true;
    return crew_.somebody_works_besides(self) && base::heavy_barrier() && has_queued_jobs();
  }

  [[nodiscard]] bool has_queued_jobs() const noexcept {
    return jobs_.size_hint() != 0 || crew_.each_worker([](worker& each) { return !each.jobs.empty_hint(); });
  }

 private:
  /// Begs, so that loops have something for the worker when the job has ended.
  queue::job* take_from_background(worker& self) const noexcept {
    crew_.rob_somebody(self, [](participant& other) {
      other.stack.beg(queue::beggars::awake);
      return false;
    });
    return take_from_outside(self, queue::lane::background);
  }

  /// An urgent job from outside, else the worker's own newest one, else what came from outside but not for the
  /// background, else what others have. Once in a while its own oldest job, or what others have, comes first, and
  /// whatever came from outside: so that nothing starves.
  queue::job* next_job(worker& self) const noexcept {
    constexpr std::uint32_t turns = 61;
    const std::uint32_t turn = self.job_turns++ % turns;
    queue::job* found = nullptr;
    if (turn == turns / 2) {
      found = self.jobs.try_steal().element;
      if (found == nullptr) found = steal_job(self);
    } else {
      found = take_from_outside(self, turn == 0 ? queue::lane::background : queue::lane::high);
    }
    if (found == nullptr) found = self.jobs.try_pop();
    if (found == nullptr) found = take_from_outside(self, queue::lane::normal);
    if (found == nullptr && self.pace.may_steal()) found = steal_job(self);
    return found;
  }

  queue::job* steal_job(worker& self) const noexcept {
    queue::job* stolen = nullptr;
    crew_.rob_worker(self, [&stolen](worker& other) {
      stolen = other.jobs.empty_hint() ? nullptr : other.jobs.try_steal().element;
      return stolen != nullptr;
    });
    if (stolen == nullptr) return nullptr;
    self.took_from = worker::source::others;
    self.pace.begin_stolen();
    self.counts.jobs_stolen.add_one();
    return stolen;
  }

  /// If there is a job from outside as urgent as that or more: the one whose turn it is, to be run now, and the others
  /// of the worker's share into its deque, the oldest to be popped first.
  queue::job* take_from_outside(worker& self, queue::lane least_urgent) const noexcept {
    if (jobs_.size_hint(least_urgent) == 0) return nullptr;
    queue::job* taken[32];
    const bool alone = !has_own_deques_ || !self.jobs.empty_hint() || !self.jobs.try_reserve(std::size(taken));
    const std::size_t most = alone ? 1 : std::size(taken);
    std::size_t count = jobs_.try_pop({taken, most}, self.turns, least_urgent);
    if (count == 0) return nullptr;
    self.took_from = worker::source::outside;
    self.took_several = count > 1;
    while (count > 1) self.jobs.push(*taken[--count]);
    return taken[0];
  }

  crew& crew_;
  queue::injection_queue& jobs_;
  const bool has_own_deques_;
};

}  // namespace heddle::scheduling
