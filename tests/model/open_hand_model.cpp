// SPDX-License-Identifier: MIT
// A hand that is held out for work: what is given is run once, by the worker that holds it out, and its owner sees
// that; nothing is lost when the hand closes, and nothing is given that a thief has too.
#include <heddle/scheduling/crew.hpp>
#include <heddle/scheduling/fork_join.hpp>
#include <heddle/scheduling/join.hpp>
#include <heddle/scheduling/open_hand.hpp>
#include <heddle/scheduling/participant.hpp>
#include <heddle/scheduling/worker.hpp>

#include "model/checker.hpp"
#include "model/model.hpp"
#include "model/plain.hpp"

namespace {

using heddle::queue::stack_slot;
using heddle::scheduling::crew;
using heddle::scheduling::open_hand;
using heddle::scheduling::participant;
using heddle::scheduling::worker;
using heddle_model::model;
using heddle_model::plain;

template <class Derived, int ThreadCount>
struct hand_model : model<Derived, ThreadCount> {
  crew home{nullptr, 1, 0, 0};
  worker& taker = home.worker_at(0);

  /// Forks a call, which is given away if the hand is open; else others may take it. A call that runs twice, or not at
  /// all, is found by `done`, which it writes.
  static void fork_and_answer(participant& here, plain<int>& done) {
    const plain<int> input{1};
    auto answer = [&] { answer_beggar(here); };
    auto call = [&] { done = done + input; };
    fork_join(here, answer, call);
    HEDDLE_MODEL_CHECK(done == 1);
  }

  void hold_out_hand() {
    taker.hand.open();
    home.announce_hand(taker);
    if (const open_hand::gift given = taker.hand.close()) serve(taker, *given.owner, *given.task);
    HEDDLE_MODEL_CHECK(!taker.hand.close());
  }
};

struct one_gives : hand_model<one_gives, 2> {
  participant owner{home, 2};
  plain<int> done{0};
  void thread(unsigned index) { index == 0 ? fork_and_answer(owner, done) : hold_out_hand(); }
};

/// A thief takes the older task, or the newer one that was to be given.
struct a_thief_is_there : hand_model<a_thief_is_there, 3> {
  participant owner{home, 2};
  participant other{home, 0};
  plain<int> done[2]{0, 0};
  void thread(unsigned index) {
    if (index == 1) return hold_out_hand();
    if (index == 2) return steal();
    auto nested = [this] { fork_and_answer(owner, done[1]); };
    auto call = [this] { done[0] = done[0] + 1; };
    fork_join(owner, nested, call);
    HEDDLE_MODEL_CHECK(done[0] == 1);
  }
  void steal() {
    if (stack_slot* const stolen = owner.stack.try_steal()) run_stolen(other, owner, *stolen);
  }
};

/// The hand alone: one gives twice, another one reserves it in vain.
struct two_reserve : model<two_reserve, 3> {
  open_hand hand;
  crew home{nullptr, 0, 0, 0};
  participant owner{home, 0};
  stack_slot slots[2]{{nullptr, nullptr, stack_slot::plain}, {nullptr, nullptr, stack_slot::plain}};
  plain<int> given[2]{0, 0};
  plain<int> taken[2]{0, 0};

  void thread(unsigned index) {
    if (index == 0) {
      if (hand.try_reserve()) hand.withdraw();
    } else if (index == 1) {
      for (int i = 0; i != 2; ++i) give(i);
    } else {
      for (int i = 0; i != 2; ++i) {
        hand.open();
        take();
      }
    }
  }
  void give(int i) {
    if (!hand.try_reserve()) return;
    given[i] = 1;
    hand.give(owner, slots[i]);
  }
  void take() {
    const open_hand::gift gift = hand.close();
    if (!gift) return;
    HEDDLE_MODEL_CHECK(gift.owner == &owner);
    const int i = gift.task == &slots[0] ? 0 : 1;
    taken[i] = taken[i] + given[i];
  }
  void after() {
    for (int i = 0; i != 2; ++i) HEDDLE_MODEL_CHECK(taken[i] == given[i]);
  }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models("scheduling/open_hand.hpp",
                 {
                     explore<one_gives>("one gives", at_most_switches(3)),
                     explore<a_thief_is_there>("a thief is there", at_most_switches(2)),
                     explore<two_reserve>("two reserve", at_most_switches(4)),
                 },
                 {});
  return models.run(argc, argv);
}
