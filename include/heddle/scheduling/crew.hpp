// SPDX-License-Identifier: MIT
// All who take part in the work of one pool: its workers, and the outside threads that are its guests.
#pragma once

#include <cstddef>
#include <cstdint>

#include <heddle/base/atomic.hpp>
#include <heddle/base/barrier.hpp>
#include <heddle/base/cpu.hpp>
#include <heddle/base/usable_cpus.hpp>
#include <heddle/queue/task_stack.hpp>
#include <heddle/scheduling/guest_seats.hpp>
#include <heddle/scheduling/idle_policy.hpp>
#include <heddle/scheduling/loop_places.hpp>
#include <heddle/scheduling/participant.hpp>
#include <heddle/scheduling/worker.hpp>

namespace heddle::scheduling {

/// Who can steal from whom, and who is woken for what.
class crew {
 public:
  /// For `workers` workers and up to `stand_ins` more records that may be added later.
  crew(pool* employer, std::size_t workers, std::size_t stand_ins, std::size_t stack_slots)
      : employer_(employer),
        first_(workers),
        size_(workers),
        stack_slots_(stack_slots),
        workers_(new worker*[workers + stand_ins]),
        guests_(*this, stack_slots),
        places_(workers, guests_) {
    try {
      while (count() < workers) add_worker();
    } catch (...) {
      delete_records();
      throw;
    }
  }
  crew(const crew&) = delete;
  crew& operator=(const crew&) = delete;
  ~crew() { delete_records(); }

  /// How many work at a time. Relaxed: it orders nothing.
  [[nodiscard]] std::size_t size() const noexcept { return size_.load(base::relaxed); }
  /// With how many it was made.
  [[nodiscard]] std::size_t first_size() const noexcept { return first_; }
  /// One at least.
  void resize(std::size_t workers) noexcept {
    size_.store(workers, base::relaxed);  // relaxed: as above
    places_.resize(workers);
  }
  /// Whether others than the first worker may work.
  [[nodiscard]] bool has_company() const noexcept { return size() > 1 || count() > 1; }

  /// One thread at a time. Throws std::bad_alloc; there must be room.
  worker& add_worker() {
    const std::size_t index = count();
    workers_[index] = new worker(employer_, *this, stack_slots_, static_cast<std::uint32_t>(index + 1));
    count_.store(index + 1, base::release);  // [crew.1] release: others read the record
    return *workers_[index];
  }
  [[nodiscard]] worker& worker_at(std::size_t index) noexcept { return *workers_[index]; }
  [[nodiscard]] idle_policy& idle() noexcept { return idle_; }
  /// Set while somebody exposes what another one keeps private, see unanswered_plea.
  [[nodiscard]] base::atomic<bool>& exposing() noexcept { return exposing_; }

  // ---- guests

  /// The crew that the calling thread was a worker of, while it is on its way out: it is no guest there, or the pool
  /// would end with a guest inside.
  using left_by_this_thread = base::per_thread_pointer<const crew, crew>;

  /// A record for the calling thread until release_guest(); null if all are taken, or memory ends.
  [[nodiscard]] participant* try_lease_guest() noexcept {
    if (left_by_this_thread::get() == this) [[unlikely]]
      return nullptr;
    return guests_.try_lease();
  }

  /// The guest has joined all that it forked.
  void release_guest(const participant& guest) noexcept {
    guests_.release(guest);
    call_for_place();
  }

  /// Asks for what a look around reads of all, beside each one's stack.
  void prefetch() const noexcept { guests_.prefetch(); }

  [[nodiscard]] bool has_guests() const noexcept { return guests_.are_taken(); }

  /// Where workers take part in loops. They come by take_place(), or by take() there, and go by leave_loops().
  [[nodiscard]] loop_places& places() noexcept { return places_; }

  /// Whether the worker may take tasks off stacks. It keeps its place until leave_loops().
  [[nodiscard]] bool take_place(worker& asking) noexcept {
    if (asking.helps_loops && places_.are_overfull()) return leave_loops(asking), false;
    return places_.take(asking);
  }

  /// The same, but while there are no guests everybody may, without a place.
  [[nodiscard]] bool may_help_loops(worker& asking) noexcept { return places_.are_not_needed() || take_place(asking); }

  void leave_loops(worker& leaving) noexcept {
    if (places_.leave(leaving)) call_for_place();
  }

  // ---- who looks for work

  /// Calls `try_rob(worker)` for the other workers, beginning with any, until it says true.
  template <class TryRob>
  bool rob_worker(worker& thief, TryRob try_rob) noexcept {
    const auto all = static_cast<std::uint32_t>(count());
    const std::uint32_t start = thief.random_below(all);
    for (std::uint32_t i = 0; i < all; ++i) {
      worker& other = *workers_[start + i < all ? start + i : start + i - all];
      if (&other != &thief && try_rob(other)) return true;
    }
    return false;
  }

  /// The same for the other workers, and then the guests.
  template <class TryRob>
  bool rob_somebody(worker& thief, TryRob try_rob) noexcept {
    return rob_worker(thief, try_rob) || guests_.each(try_rob);
  }

  /// Calls `visit(worker)` for all workers, until it says true.
  template <class Visit>
  bool each_worker(Visit visit) const noexcept {
    for (std::size_t i = 0; i < count(); ++i) {
      if (visit(*workers_[i])) return true;
    }
    return false;
  }

  /// Calls `visit(participant)` for all, until it says true.
  template <class Visit>
  bool each_of_all(Visit visit) noexcept {
    return each_worker([&visit](worker& each) { return visit(static_cast<participant&>(each)); }) ||
           guests_.each(visit);
  }

  /// Before a worker sleeps: everybody who forks from now on is to call somebody. True if somebody had forked already,
  /// and it could be made public.
  [[nodiscard]] bool beg_of_everybody(const worker& leaving) noexcept {
    const auto other_than = [&leaving](auto visit) {
      return [&leaving, visit](participant& each) { return &each != &leaving && visit(each); };
    };
    each_of_all(other_than([](participant& each) {
      each.stack.beg(queue::beggars::asleep);
      return false;
    }));
    base::full_barrier();
    // Who begins to work later than this sees us beg.
    if (!somebody_works_besides(leaving)) return false;
    // A fork that did not see us beg is seen here. Where there is no such barrier one may stay hidden until its owner
    // forks again.
    static_cast<void>(base::heavy_barrier());
    return each_of_all(
        other_than([](participant& each) { return each.stack.has_private() && each.stack.try_expose(); }));
  }

  /// While others sleep: whether somebody has something on its stack, forked unasked and private perhaps, so that one
  /// who is called for it has to beg. If there is nothing, whoever forks next is to call somebody.
  [[nodiscard]] bool somebody_has_forked(const participant& asking) noexcept {
    return has_forked(&asking) || (asks_somebody(&asking) && has_forked(&asking));
  }

  /// The same, with null for nobody's stack to be left out, and who forks at this moment is not missed: its fork may
  /// have passed the plea on its way to memory, where it is a microsecond later. (A heavy barrier would say so for
  /// certain, and takes many times as long.)
  [[nodiscard]] bool somebody_forks(const participant* asking) noexcept {
    constexpr int pauses = 64;
    if (has_forked(asking)) return true;
    if (!asks_somebody(asking)) return false;
    for (int i = 0; i < pauses; ++i) base::pause();
    return has_forked(asking);
  }

  /// The same, where there must be a place too: if there is none, who leaves one looks. No place is wished for nothing:
  /// that would make each guest look around as it leaves.
  [[nodiscard]] bool somebody_forks_for_place(const participant& asking) noexcept {
    return somebody_forks(&asking) && places_.ask();
  }

  /// After a full barrier: false if nobody does, and whoever begins to sees what preceded the barrier.
  [[nodiscard]] bool somebody_works_besides(const worker& asking) noexcept {
    return guests_.are_taken() ||
           each_worker([&asking](const worker& each) { return &each != &asking && each.works(); });
  }

  // ---- who waits awake

  /// The worker, which has a place, has opened its hand, or is about to.
  void announce_hand(worker& waiting) noexcept {
    // relaxed: written seldom. [crew.2] release: the record.
    if (waiting_.load(base::relaxed) != &waiting) waiting_.store(&waiting, base::release);
  }

  /// Reserves the open hand of a worker that may take tasks off stacks; null if there is none.
  [[nodiscard]] worker* reserve_hand() noexcept {
    // [crew.2] acquire: the record.
    worker* const waiting = waiting_.load(base::acquire);
    if (waiting == nullptr || places_.are_overfull()) return nullptr;
    return waiting->hand.try_reserve() ? waiting : nullptr;
  }

  /// Whether reserve_hand() may find somebody. Relaxed: a hint.
  [[nodiscard]] bool somebody_holds_out_hand() const noexcept {
    const worker* const waiting = waiting_.load(base::acquire);  // [crew.2] acquire: the record
    return waiting != nullptr && waiting->hand.is_open_hint();
  }

  // ---- who is woken

  /// How many look for work at a time, at most: a processor is left to who may have some.
  [[nodiscard]] std::uint32_t most_searching() const noexcept {
    const std::size_t threads = size() < base::usable_cpus::count() ? size() : base::usable_cpus::count();
    return threads <= 2 ? 1 : static_cast<std::uint32_t>(threads - 1);
  }

  /// There is something new on a stack, which may be much, since it can be divided: wakes a worker, if one may take it
  /// and not too many look for work already.
  void call_thief() noexcept {
    if (places_.ask()) call_one(most_searching());
  }

  /// There is something new: wakes a worker, if nobody looks for work already. True if it did.
  bool call_worker() noexcept { return call_one(1); }

  /// Wakes everybody, since there will be no more work.
  void call_all_to_end() noexcept {
    std::uint32_t number = idle_.take_all();
    while (number != 0) {
      worker& called = *workers_[number - 1];
      number = called.link.next.load(base::relaxed);  // relaxed: take_all() acquires it
      called.recall_to_end();
    }
  }

 private:
  bool call_one(std::uint32_t enough) noexcept {
    const auto link_of = [this](std::uint32_t parked) -> parked_link& { return workers_[parked - 1]->link; };
    const std::uint32_t number = idle_.take_one_to_wake(link_of, enough);
    if (number == 0) return false;
    workers_[number - 1]->recall_to_search();
    return true;
  }

  bool has_forked(const participant* asking) noexcept {
    return each_of_all([asking](participant& each) {
      return &each != asking &&
             (each.stack.has_public() || (each.stack.has_private() && !each.stack.has_declined_sleepers()));
    });
  }

  /// Asks everybody to call who sleeps. True if somebody else did not know of that.
  bool asks_somebody(const participant* asking) noexcept {
    bool is_new = false;
    each_of_all([asking, &is_new](participant& each) {
      if (&each != asking && !each.stack.is_begged(queue::beggars::asleep)) is_new = true;
      each.stack.beg(queue::beggars::asleep);
      return false;
    });
    return is_new;
  }

  void delete_records() noexcept {
    for (std::size_t i = 0; i < count(); ++i) delete workers_[i];
    delete[] workers_;
  }

  /// There is a place: calls a worker, if one was asked for in vain and there is still something. It may lie on the
  /// stack of a record that the caller had, if that is another guest's already.
  void call_for_place() noexcept {
    if (places_.take_wish() && idle_.somebody_is_parked() && somebody_forks(nullptr)) call_thief();
  }

  // [crew.1] acquire: the records.
  [[nodiscard]] std::size_t count() const noexcept { return count_.load(base::acquire); }

  pool* const employer_;
  const std::size_t first_;
  base::atomic<std::size_t> size_;
  const std::size_t stack_slots_;
  worker** const workers_;  // those below count_; the others' pages are not touched
  base::atomic<std::size_t> count_{0};
  base::atomic<worker*> waiting_{nullptr};  // the last one to open its hand
  base::atomic<bool> exposing_{false};
  guest_seats guests_;
  loop_places places_;
  alignas(base::cache_line) idle_policy idle_;
};

}  // namespace heddle::scheduling
