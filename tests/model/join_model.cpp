// SPDX-License-Identifier: MIT
// Forks and joins of participants: both calls are made once, a sleeping joiner is woken, and who waits for a thief runs
// nothing but what that thief's task was divided into, by whomever.
#include <exception>
#include <heddle/scheduling/crew.hpp>
#include <heddle/scheduling/fork_join.hpp>
#include <heddle/scheduling/join.hpp>
#include <heddle/scheduling/participant.hpp>
#include <heddle/scheduling/worker.hpp>

#include "model/checker.hpp"
#include "model/event_counter.hpp"
#include "model/model.hpp"
#include "model/plain.hpp"

namespace {

using heddle::queue::stack_slot;
using heddle::scheduling::crew;
using heddle::scheduling::fork_join;
using heddle::scheduling::participant;
using heddle::scheduling::run_stolen;
using heddle_model::choose;
using heddle_model::event_counter;
using heddle_model::model;
using heddle_model::plain;

/// Each thread is a participant. What one writes in a forked call the other one reads after the join.
template <class Derived, int ThreadCount>
struct crew_model : model<Derived, ThreadCount> {
  crew home{nullptr, 1, 0, 1};
  participant first{home, 4};
  participant second{home, 4};
  participant third{home, 4};

  participant& here() {
    participant* const all[] = {&first, &second, &third};
    return *all[rl::thread_index()];
  }

  /// Calls both, and shows others the second.
  template <class First, class Second>
  void call(First one, Second other) {
    auto publish_and_call = [&] {
      here().stack.publish();
      one();
    };
    fork_join(here(), publish_and_call, other);
  }
  template <class Second>
  void call(Second other) {
    call([] {}, other);
  }

  bool steal_from(participant& owner) {
    stack_slot* const stolen = owner.stack.try_steal();
    if (stolen == nullptr) return false;
    run_stolen(here(), owner, *stolen);
    return true;
  }
};

/// The thief takes the forked call, or not.
struct one_steals : crew_model<one_steals, 2> {
  plain<int> result;
  void thread(unsigned index) {
    if (index != 0) {
      steal_from(first);
      return;
    }
    call([this] { result = 1; });
    HEDDLE_MODEL_CHECK(result == 1);
  }
};

/// The second participant has stolen a call of the first one, which is Derived's `divide()`.
template <class Derived, int ThreadCount = 2>
struct stolen_call_model : crew_model<Derived, ThreadCount> {
  stack_slot* slot = nullptr;

  struct divided {
    Derived& model;
    void operator()() const { model.divide(); }
  } divided_call{static_cast<Derived&>(*this)};

  void before() {
    heddle::queue::task_stack& stack = this->first.stack;
    slot = stack.push(&heddle::scheduling::run_forked<divided>, &divided_call);
    stack.publish();
    while (stack.has_public()) static_cast<void>(stack.try_steal());  // a CAS may fail for no reason
  }
  void await_thief() {
    std::exception_ptr error;
    HEDDLE_MODEL_CHECK(!this->first.stack.try_pop(slot));
    HEDDLE_MODEL_CHECK(join(this->here(), slot, error) == heddle::scheduling::joined::done && error == nullptr);
  }
};

/// The thief divides what it has stolen; the joiner may help with that, but not with what the thief does afterwards.
struct joiner_leapfrogs : stolen_call_model<joiner_leapfrogs> {
  plain<int> result;
  plain<int> later;

  void divide() {
    call([this] { result = 1; });
  }
  void thread(unsigned index) {
    if (index == 0) {
      await_thief();
      HEDDLE_MODEL_CHECK(result == 1);
    } else {
      run_stolen(here(), first, *slot);
      call([this] {
        HEDDLE_MODEL_CHECK(rl::thread_index() == 1);
        later = 1;
      });
      HEDDLE_MODEL_CHECK(later == 1);
    }
  }
};

/// The thief divides what it has stolen, and a third participant may steal a part and divide that. The joiner may help
/// with all of it, but not with what they have forked before or do afterwards.
struct joiner_helps_far_away : stolen_call_model<joiner_helps_far_away, 3> {
  plain<int> result;

  void divide() {
    call([this] { call([this] { result = 1; }); });
  }
  void fork_other_work() {
    const auto is_not_for_the_joiner = [] { HEDDLE_MODEL_CHECK(rl::thread_index() != 0); };
    call([this, is_not_for_the_joiner] {
      is_not_for_the_joiner();
      call(is_not_for_the_joiner);
    });
  }
  void thread(unsigned index) {
    if (index == 0) {
      await_thief();
      HEDDLE_MODEL_CHECK(result == 1);
    } else if (index == 1) {
      const auto run_it = [this] { run_stolen(here(), first, *slot); };
      if (choose(2) == 0) return call(run_it, [this] { fork_other_work(); });
      run_it();
      fork_other_work();
    } else {
      for (int tries = 0; tries != 8 && !steal_from(second); ++tries) heddle::base::pause();
    }
  }
};

/// The thief has ended what it had stolen, and somebody else has stolen what it has forked since.
struct parts_of_something_later : stolen_call_model<parts_of_something_later> {
  void divide() {}
  void thread(unsigned index) {
    if (index != 0) return;
    slot->begin(&second, second.stack.height());
    const stack_slot::word seen = slot->look();
    if (choose(2) == 1) HEDDLE_MODEL_CHECK(!slot->end(false));
    stack_slot* const other = second.stack.push(nullptr, nullptr);
    second.stack.publish();
    while (second.stack.has_public()) static_cast<void>(second.stack.try_steal());
    other->begin(&third, 0);
    const auto part = second.stack.newest_stolen_part_of(*slot, seen);
    const bool has_ended = slot->look() != seen;
    HEDDLE_MODEL_CHECK(part.slot == (has_ended ? nullptr : other) && (has_ended || part.state == other->look()));
  }
};

/// The part at which the joiner looks ends, is joined, and its slot is another task's.
struct part_is_joined_meanwhile : stolen_call_model<part_is_joined_meanwhile> {
  stack_slot* part = nullptr;

  void divide() {}
  void before() {
    stolen_call_model::before();
    slot->begin(&second, second.stack.height());
    part = second.stack.push(nullptr, nullptr);
    second.stack.publish();
    while (second.stack.has_public()) static_cast<void>(second.stack.try_steal());
    part->begin(&third, 0);
  }
  void thread(unsigned index) {
    if (index == 0) {
      HEDDLE_MODEL_CHECK(!heddle::scheduling::try_steal_part_of(*slot, slot->look(), 2));
    } else {
      HEDDLE_MODEL_CHECK(!part->end(false));
      second.stack.vacate(part);
      HEDDLE_MODEL_CHECK(second.stack.push(nullptr, nullptr) == part);
    }
  }
};

/// A part of what the thief has stolen is in the hands of a third participant, whose call needs what it has forked, as
/// the thief's does: nobody but the joiner can help.
struct joiner_is_needed_far_away : stolen_call_model<joiner_is_needed_far_away, 3> {
  event_counter has_part;
  event_counter of_part;

  void before() {
    stolen_call_model::before();
    heddle_model::current_run.is_patient = true;
  }
  void divide() {
    auto wait_for_part = [this] {
      here().stack.publish();
      of_part.wait_for(1);
    };
    auto part = [this] {
      auto wait = [this] { of_part.wait_for(1); };
      auto needed = [this] { of_part.add_one(); };
      fork_join(here(), wait, needed);
    };
    fork_join(here(), wait_for_part, part);
  }
  void thread(unsigned index) {
    if (index == 0) {
      has_part.wait_for(1);
      await_thief();
    } else if (index == 1) {
      run_stolen(here(), first, *slot);
    } else {
      stack_slot* part = nullptr;
      while ((part = second.stack.try_steal()) == nullptr) heddle::base::pause();
      part->begin(&third, third.stack.height());
      has_part.add_one();
      serve(here(), second, *part);
    }
  }
};

/// What the thief had forked before it stole is not the joiner's business, wherever it is.
struct thief_has_other_work : crew_model<thief_has_other_work, 2> {
  plain<int> result;
  plain<int> other;
  void thread(unsigned index) {
    if (index == 0) {
      call([this] { result = 1; });
      HEDDLE_MODEL_CHECK(result == 1);
    } else {
      call([this] { steal_from(first); },
           [this] {
             HEDDLE_MODEL_CHECK(rl::thread_index() == 1);
             other = 1;
           });
      HEDDLE_MODEL_CHECK(other == 1);
    }
  }
};

/// The thief forks two calls that need each other, and nobody but the joiner can help, whether it sleeps already or
/// not.
struct joiner_is_needed : stolen_call_model<joiner_is_needed> {
  event_counter begun[2];

  void meet(int number) {
    begun[number].add_one();
    begun[1 - number].wait_for(1);
  }
  void divide() {
    auto one = [this] { meet(0); };
    auto other = [this] { meet(1); };
    fork_join(second, one, other);
  }
  void thread(unsigned index) {
    if (index != 0) return run_stolen(here(), first, *slot);
    await_thief();
  }
};

/// The thief forks a call that a third participant may take, and then another one that it needs: for that the joiner is
/// needed, whatever it has slept through, and whoever else has begged of the thief before.
struct joiner_is_needed_later : stolen_call_model<joiner_is_needed_later, 3> {
  event_counter of_one;
  event_counter of_other;
  heddle::base::atomic<int> is_over{0};

  void before() {
    stolen_call_model::before();
    if (choose(2) == 1) second.stack.beg(heddle::queue::beggars::asleep);
  }
  void divide() {
    auto one = [this] {
      of_one.add_one();
      of_other.wait_for(1);
    };
    auto both = [this] {
      of_one.wait_for(1);
      auto wait_for_other = [this] { of_other.wait_for(1); };
      auto other = [this] { of_other.add_one(); };
      fork_join(second, wait_for_other, other);
    };
    fork_join(second, both, one);
  }
  void thread(unsigned index) {
    if (index == 0) {
      await_thief();
      is_over.store(1, heddle::base::release);
    } else if (index == 1) {
      run_stolen(here(), first, *slot);
    } else {
      while (is_over.load(heddle::base::acquire) == 0 && !steal_from(second)) {
        if (second.stack.has_private()) second.stack.try_expose();
        heddle::base::pause();
      }
    }
  }
};

/// The same, but a worker waits awake, and is given the first call.
struct gift_does_not_help_the_joiner : joiner_is_needed_later {
  void thread(unsigned index) {
    if (index != 2) return joiner_is_needed_later::thread(index);
    heddle::scheduling::worker& taker = home.worker_at(0);
    taker.hand.open();
    home.announce_hand(taker);
    while (is_over.load(heddle::base::acquire) == 0 && !taker.hand.is_full() && !second.stack.has_private() &&
           !second.stack.has_public())
      heddle::base::pause();
    if (const auto given = taker.hand.close()) return serve(taker, *given.owner, *given.task);
    joiner_is_needed_later::thread(index);
  }
};

/// The joiner never sleeps, and begs of a thief that does not look up any more.
struct joiner_is_patient : joiner_is_needed_later {
  void before() {
    joiner_is_needed_later::before();
    heddle_model::current_run.is_patient = true;
  }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models({"scheduling/participant.hpp", "scheduling/join.hpp"},
                 {
                     explore<one_steals>("one steals", at_most_switches(4)),
                     explore<thief_has_other_work>("the thief has other work", at_most_switches(2)),
                     explore<joiner_is_needed>("the joiner is needed", random_runs(200'000)),
                     explore<joiner_is_needed_later>("the joiner is needed later", random_runs(100'000)),
                     explore<gift_does_not_help_the_joiner>("a gift does not help the joiner", random_runs(100'000)),
                     explore<joiner_is_patient>("the joiner is patient", random_runs(20'000)),
                     explore<joiner_is_needed_far_away>("the joiner is needed far away", random_runs(20'000)),
                     explore<part_is_joined_meanwhile>("a part is joined meanwhile", at_most_switches(3)),
                     explore<parts_of_something_later>("parts of something later", everything),
                     explore<joiner_helps_far_away>("the joiner helps far away", random_runs(100'000)),
                     explore<joiner_leapfrogs>("the joiner leapfrogs", at_most_switches(1)),
                     explore<joiner_leapfrogs>("the joiner leapfrogs at any time", random_runs(200'000)),
                 },
                 {});
  return models.run(argc, argv);
}
