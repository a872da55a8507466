// SPDX-License-Identifier: MIT
// A discrete-event simulation of a pool that runs one fork-join program. The same input gives the same outcome.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <queue>
#include <stdexcept>
#include <utility>
#include <vector>

#include "machine.hpp"
#include "program.hpp"

namespace heddle_simulator {

/// As scheduling/: each worker has a split stack of forked calls, of which others steal the oldest public one;
/// publishes when somebody begs; and joins what was stolen by leapfrogging. At most `rules::searchers` of the idle
/// workers look for work; the others sleep. Who finds work calls the next one if there is more, and who goes to sleep
/// as the last to look makes public what others keep private.
class simulation {
 public:
  simulation(const program& its_program, std::uint32_t workers, const machine& its_machine, const rules& its_rules,
             std::uint64_t seed = 1)
      : program_(its_program),
        machine_(its_machine),
        rules_(its_rules),
        most_searchers_(its_rules.searchers),
        random_(mixed(seed)),
        workers_(workers) {}

  /// Worker 0 begins the program while all others sleep.
  [[nodiscard]] outcome run() {
    for (std::uint32_t i = 1; i < workers_.size(); ++i) parked_.push_back(i);
    for (std::uint32_t i = 0; i < workers_.size(); ++i) workers_[i].begged_of = i;
    for (worker& each : workers_) each.begged = true;
    workers_[0].frames.push_back(frame{.begun = false, .of = 0});
    set_doing(0, doing::work);
    schedule(0, 0);
    while (!is_over_) {
      if (events_.empty()) throw std::logic_error("everybody sleeps, and the program has not ended");
      const event next = events_.top();
      events_.pop();
      now_ = next.at;
      step(next.who);
    }
    for (worker& each : workers_) account(each);
    outcome_.time = now_;
    return outcome_;
  }

 private:
  enum class doing : std::uint8_t { sleep, wake, search, work, wait };

  /// A forked call on its owner's stack.
  struct slot {
    std::uint32_t of = 0;
    std::uint32_t thief = 0;
    std::size_t began_at = 0;  // how high the thief's stack was
    bool has_ended = false;
    bool owner_sleeps = false;
  };

  /// A call that a worker has begun. `stolen_from`: whose slot ends with it, which is at `slot_there`.
  struct frame {
    bool begun = false;
    std::uint32_t of = 0;
    bool is_stolen = false;
    std::uint32_t stolen_from = 0;
    std::size_t slot_there = 0;
  };

  struct worker {
    std::vector<frame> frames;
    std::vector<slot> slots;  // [0, tail) stolen, [tail, split) public, the others private
    std::size_t tail = 0;
    std::size_t split = 0;
    bool begged = false;          // somebody looks for work, or sleeps
    unsigned answers = 0;         // to who begs
    std::uint32_t begged_of = 0;  // the one whose answer it waits for: nobody yet if it is itself
    unsigned answers_then = 0;
    duration begged_at = 0;
    duration stack_free_at = 0;  // thieves take one after the other
    duration since = 0;          // it does this
    duration idle_since = 0;     // it looks for work, or waits for a thief
    doing does = doing::sleep;

    [[nodiscard]] bool has_public() const { return tail < split; }
    [[nodiscard]] bool has_private() const { return split < slots.size(); }
  };

  struct event {
    duration at;
    std::uint64_t number;
    std::uint32_t who;
    friend bool operator>(const event& a, const event& b) { return a.at != b.at ? a.at > b.at : a.number > b.number; }
  };

  // ---- time

  void schedule(std::uint32_t who, duration in) { events_.push({now_ + in, ++events_so_far_, who}); }

  void account(worker& of) {
    const duration passed = now_ - of.since;
    if (of.does != doing::work) outcome_.idle += passed;
    if (of.does == doing::search || of.does == doing::wait) outcome_.awake_idle += passed;
    of.since = now_;
  }

  void set_doing(std::uint32_t who, doing what) {
    worker& self = workers_[who];
    account(self);
    if (what != self.does) self.idle_since = now_;
    self.does = what;
  }

  // ---- a worker's next step

  void step(std::uint32_t who) {
    switch (workers_[who].does) {
      case doing::work:
        return work(who);
      case doing::wait:
        return wait(who);
      case doing::search:
        return search(who);
      case doing::wake:
        set_doing(who, workers_[who].frames.empty() ? doing::search : doing::wait);
        return step(who);
      case doing::sleep:
        throw std::logic_error("a sleeping worker has nothing to do");
    }
  }

  void work(std::uint32_t who) {
    worker& self = workers_[who];
    frame& top = self.frames.back();
    const call& what = program_.calls[top.of];
    if (!top.begun) {
      top.begun = true;
      ++outcome_.calls;
      duration takes = what.cost;
      if (what.first_child != 0) {
        self.slots.push_back({.of = what.first_child + 1});
        takes += machine_.fork;
        if (self.begged) takes += answer(self);
        self.frames.push_back({.of = what.first_child});
      }
      return schedule(who, takes);
    }
    if (what.first_child == 0) return end_call(who);
    join(who);
  }

  /// The first child has ended: the second is taken back, or awaited.
  void join(std::uint32_t who) {
    worker& self = workers_[who];
    const std::size_t index = self.slots.size() - 1;
    if (index >= self.tail) {
      if (index < self.split) self.split = self.tail + (index - self.tail) / 2;
      self.frames.back() = replaced(self.frames.back(), self.slots.back().of);
      self.slots.pop_back();
      return schedule(who, 0);
    }
    set_doing(who, doing::wait);
    wait(who);
  }

  /// The second child runs in the place of its parent, and ends it.
  static frame replaced(frame of, std::uint32_t by) {
    of.begun = false;
    of.of = by;
    return of;
  }

  void end_call(std::uint32_t who) {
    worker& self = workers_[who];
    const frame ended = self.frames.back();
    self.frames.pop_back();
    if (ended.is_stolen) {
      worker& owner = workers_[ended.stolen_from];
      slot& its = owner.slots[ended.slot_there];
      its.has_ended = true;
      if (its.owner_sleeps) {
        wake(ended.stolen_from);
      }
    }
    if (!self.frames.empty()) {
      // What lies below has forked what ended here, or waits for a thief.
      if (ended.is_stolen) set_doing(who, doing::wait);
      return schedule(who, 0);
    }
    if (!ended.is_stolen) {
      is_over_ = true;
      return;
    }
    stop_work(who);
  }

  /// Somebody begs: the older half of what is private becomes public, and somebody is called for it.
  duration answer(worker& self) {
    self.begged = false;
    ++self.answers;
    publish(self);
    call_joiners(self);
    call_somebody();
    return machine_.publish;
  }

  /// Those who sleep until the end of something that `self` has stolen.
  void call_joiners(worker& self) {
    for (const frame& each : self.frames) {
      if (!each.is_stolen) continue;
      slot& its = workers_[each.stolen_from].slots[each.slot_there];
      if (std::exchange(its.owner_sleeps, false)) wake(each.stolen_from);
    }
  }

  /// `who` begs of `busy`, and after a while without an answer publishes for it. True if something is public then.
  bool beg(std::uint32_t who, std::uint32_t busy) {
    worker& self = workers_[who];
    worker& other = workers_[busy];
    other.begged = true;
    if (self.begged_of != busy || self.answers_then != other.answers) {
      if (self.begged_of == who || self.begged_of == busy || !workers_[self.begged_of].has_private()) {
        self.begged_of = busy;
        self.answers_then = other.answers;
        self.begged_at = now_;
      }
      return false;
    }
    if (now_ - self.begged_at < rules_.worn) return false;
    self.begged_of = who;
    return publish(other);
  }

  bool publish(worker& of) const {
    if (!of.has_public() && of.has_private()) of.split += rules_.halves ? (of.slots.size() - of.split + 1) / 2 : 1;
    return of.has_public();
  }

  // ---- thieves

  /// Takes the oldest public call of `owner`. The thief works from when it has it.
  void steal(std::uint32_t who, std::uint32_t from, duration looked) {
    worker& owner = workers_[from];
    worker& self = workers_[who];
    const std::size_t index = owner.tail++;
    slot& taken = owner.slots[index];
    taken.thief = who;
    taken.began_at = self.slots.size();
    self.frames.push_back({.of = taken.of, .is_stolen = true, .stolen_from = from, .slot_there = index});
    if (rules_.shows) self.begged = true;
    self.begged_of = who;
    ++outcome_.steals;
    const duration begin = std::max(now_ + looked, owner.stack_free_at);
    owner.stack_free_at = begin + machine_.transfer;
    set_doing(who, doing::work);
    schedule(who, begin - now_ + machine_.steal);
  }

  /// The newest forked call is in the hands of a thief.
  void wait(std::uint32_t who) {
    worker& self = workers_[who];
    slot& awaited = self.slots.back();
    if (awaited.has_ended) {
      const std::size_t index = self.slots.size() - 1;
      self.slots.pop_back();
      self.tail = std::min(self.tail, index);
      self.split = std::min(self.split, index);
      set_doing(who, doing::work);
      // Its frame is the parent's, which ends as a leaf does.
      return end_call(who);
    }
    if (rules_.leapfrogs && leapfrog(who, awaited)) return;
    if (workers_[awaited.thief].has_private() && beg(who, awaited.thief)) call_somebody();
    const duration waited = now_ - self.idle_since;
    if (waited < 3 * machine_.wake / 2 || waited < rules_.patience) return schedule(who, machine_.look);
    awaited.owner_sleeps = true;
    set_doing(who, doing::sleep);
  }

  /// Steals what was forked for the awaited call: by its thief, or by who has stolen the newest part of it, and so on.
  bool leapfrog(std::uint32_t who, const slot& awaited) {
    const slot* part = &awaited;
    for (duration looked = machine_.look;; looked += machine_.look) {
      worker& thief = workers_[part->thief];
      const std::size_t lowest = part->began_at;
      if (thief.has_public() && thief.tail >= lowest) return steal(who, part->thief, looked), true;
      if (thief.has_private()) thief.begged = true;
      if (!rules_.far) return false;
      std::size_t newest = thief.tail;
      while (newest > lowest && thief.slots[newest - 1].has_ended) --newest;
      if (newest <= lowest) return false;
      part = &thief.slots[newest - 1];
    }
  }

  // ---- who looks for work

  void stop_work(std::uint32_t who) {
    if (searching_ >= most_searchers_) return park(who);
    ++searching_;
    set_doing(who, doing::search);
    schedule(who, machine_.look);
  }

  void search(std::uint32_t who) {
    worker& self = workers_[who];
    const auto all = static_cast<std::uint32_t>(workers_.size());
    const std::uint32_t start = random_below(all);
    duration looked = 0;
    for (std::uint32_t i = 0; i < all; ++i) {
      const std::uint32_t other = (start + i) % all;
      if (other == who || workers_[other].does == doing::sleep) continue;
      looked += machine_.look;
      worker& owner = workers_[other];
      if (!owner.has_public() && owner.has_private()) beg(who, other);
      if (!owner.has_public()) continue;
      steal(who, other, looked);
      return end_search();
    }
    if (now_ - self.idle_since < rules_.patience) return schedule(who, std::max(looked, machine_.look));
    --searching_;
    park(who);
  }

  /// Who has found something calls the next one, if there is more: of what is private only if nobody else looks.
  void end_search() {
    if (--searching_ == 0 && std::exchange(somebody_is_unwatched_, false)) return look_around();
    const auto has_some = [this](const worker& each) {
      return each.has_public() || (searching_ == 0 && each.has_private());
    };
    if (std::any_of(workers_.begin(), workers_.end(), has_some)) call_somebody();
  }

  /// Somebody has gone to sleep, and nobody else looks for work.
  void look_around() {
    const auto has_some = [this](worker& each) { return publish(each); };
    if (std::any_of(workers_.begin(), workers_.end(), has_some)) call_somebody();
  }

  void park(std::uint32_t who) {
    set_doing(who, doing::sleep);
    parked_.push_back(who);
    for (worker& each : workers_) each.begged = true;
    somebody_is_unwatched_ = searching_ != 0;
    if (!somebody_is_unwatched_) look_around();
  }

  void call_somebody() {
    if (parked_.empty() || searching_ >= most_searchers_) return;
    const std::uint32_t called = parked_.back();
    parked_.pop_back();
    ++searching_;
    wake(called);
  }

  void wake(std::uint32_t who) {
    ++outcome_.wake_ups;
    set_doing(who, doing::wake);
    schedule(who, machine_.wake);
  }

  std::uint32_t random_below(std::uint32_t limit) {
    random_ = mixed(random_ + 0x9e3779b97f4a7c15U);
    return static_cast<std::uint32_t>((random_ >> 32U) * limit >> 32U);
  }

  const program& program_;
  const machine machine_;
  const rules rules_;
  const std::uint32_t most_searchers_;
  std::uint64_t random_;
  std::vector<worker> workers_;
  std::vector<std::uint32_t> parked_;  // the last one is woken first
  std::uint32_t searching_ = 0;
  bool somebody_is_unwatched_ = false;  // was parked while others looked
  std::priority_queue<event, std::vector<event>, std::greater<>> events_;
  std::uint64_t events_so_far_ = 0;
  duration now_ = 0;
  bool is_over_ = false;
  outcome outcome_;
};

}  // namespace heddle_simulator
