// SPDX-License-Identifier: MIT
// The deque: every element is taken once, by one thread, which sees what was written before it was pushed.
#include <heddle/queue/work_stealing_deque.hpp>

#include "model/checker.hpp"
#include "model/model.hpp"
#include "model/plain.hpp"

namespace {

using heddle::queue::steal_result;
using heddle::queue::work_stealing_deque;
using heddle_model::model;
using heddle_model::plain;

struct item {
  explicit item(int its_number) : number(its_number), content(its_number) {}
  int number;
  plain<int> content;
};

/// Thread 0 owns the deque. Items are numbered as they are pushed; whoever takes one frees it.
template <class Derived, int Thieves, std::size_t FirstCapacity>
struct deque_model : model<Derived, Thieves + 1> {
  static constexpr int most_items = 8;
  work_stealing_deque<item, FirstCapacity> deque;
  int pushed = 0;
  int taken[most_items] = {};
  int taken_in_all = 0;

  void push() { deque.push(*new item(pushed++)); }

  void push_batch() {
    item* batch[] = {new item(pushed), new item(pushed + 1)};
    pushed += 2;
    deque.push_batch(batch, 2);
  }

  /// -1 for none, else its number.
  int take(item* one) {
    if (one == nullptr) return -1;
    const int number = one->number;
    HEDDLE_MODEL_CHECK(one->content == number);
    one->content = -1;  // a second taker races with it
    HEDDLE_MODEL_CHECK(++taken[number] == 1);
    ++taken_in_all;
    delete one;
    return number;
  }
  int pop() { return take(deque.try_pop()); }
  int steal() {
    const steal_result<item> stolen = deque.try_steal();
    HEDDLE_MODEL_CHECK(stolen.element == nullptr || !stolen.lost_race);
    return take(stolen.element);
  }

  void after() {
    HEDDLE_MODEL_CHECK(deque.size_hint() == static_cast<std::size_t>(pushed - taken_in_all));
    while (pop() != -1) {
    }
    HEDDLE_MODEL_CHECK(taken_in_all == pushed);
  }
};

/// One element, for which all reach at once. Whoever finds the deque not empty and gets nothing has lost to another.
struct last_element : deque_model<last_element, 2, 2> {
  int lost_or_empty = 0;
  void before() { push(); }
  void thread(unsigned index) {
    if (index == 0) {
      if (pop() == -1) ++lost_or_empty;
    } else {
      if (steal() == -1) ++lost_or_empty;
    }
  }
  void after() {
    HEDDLE_MODEL_CHECK(lost_or_empty == 2);
    deque_model::after();
  }
};

/// As many elements as thieves: one that loses the race is not told that the deque is empty.
struct enough_for_all : deque_model<enough_for_all, 2, 2> {
  void before() { push_batch(); }
  void thread(unsigned index) {
    if (index == 0) return;
    const steal_result<item> stolen = deque.try_steal();
    HEDDLE_MODEL_CHECK((stolen.element == nullptr) == stolen.lost_race);
    take(stolen.element);
  }
};

/// The owner comes down from above while thieves come up from below: an element that it takes without a CAS is none
/// that they take.
template <int Thieves, int Items>
struct both_ends : deque_model<both_ends<Thieves, Items>, Thieves, 4> {
  void before() {
    for (int i = 0; i < Items; ++i) this->push();
  }
  void thread(unsigned index) {
    if (index == 0) {
      for (int i = 0; i < Items; ++i) this->pop();
    } else {
      this->steal();
      if (Thieves == 1) this->steal();
    }
  }
};

/// What is pushed after a pop has the index, and so the slot, of what was popped.
struct pushed_again : deque_model<pushed_again, 2, 2> {
  void before() { push(); }
  void thread(unsigned index) {
    if (index == 0) {
      push();
      pop();
      push();
      pop();
    } else {
      steal();
    }
  }
};

/// The owner empties the deque and thieves see its old ends.
struct emptied_and_filled : deque_model<emptied_and_filled, 2, 2> {
  void thread(unsigned index) {
    if (index == 0) {
      push();
      push();
      pop();
      pop();
      pop();
      push();
    } else {
      steal();
    }
  }
};

/// Old rings stay for thieves that are late, and new ones hold what the old ones held.
template <int Thieves>
struct grows : deque_model<grows<Thieves>, Thieves, 1> {
  void before() { this->push(); }
  void thread(unsigned index) {
    if (index == 0) {
      this->push();
      this->push();
      this->pop();
    } else {
      this->steal();
      if (Thieves == 1) this->steal();
    }
  }
};

/// The slot that a thief has left is used again, and one thief may still be reading it.
struct slot_is_reused : deque_model<slot_is_reused, 2, 1> {
  void before() { push(); }
  void thread(unsigned index) {
    if (index == 0) {
      push();
    } else {
      steal();
    }
  }
};

struct batch_is_stolen : deque_model<batch_is_stolen, 2, 2> {
  void before() { push(); }
  void thread(unsigned index) {
    if (index == 0) {
      push_batch();
      pop();
    } else {
      steal();
      steal();
    }
  }
};

/// The owner takes its oldest element as thieves do.
template <int Thieves>
struct owner_takes_the_oldest : deque_model<owner_takes_the_oldest<Thieves>, Thieves, 2> {
  void thread(unsigned index) {
    if (index == 0) {
      this->push();
      this->push();
      this->steal();
      this->pop();
    } else {
      this->steal();
    }
  }
};

/// The owner takes out the element that it knows, or finds that others were faster, and no other one.
template <int Thieves>
struct newest_is_taken_out : model<newest_is_taken_out<Thieves>, Thieves + 1> {
  work_stealing_deque<item, 2> deque;
  item items[2]{item(0), item(1)};
  int taken[2] = {};

  void before() {
    for (item& each : items) deque.push(each);
  }
  void thread(unsigned index) {
    if (index != 0) {
      take(deque.try_steal().element);
      if (Thieves == 1) take(deque.try_steal().element);
      return;
    }
    HEDDLE_MODEL_CHECK(!deque.try_take_out(items[0]));  // it is not the newest
    if (deque.try_take_out(items[1])) take(&items[1]);
    HEDDLE_MODEL_CHECK(!deque.try_take_out(items[1]));
    take(deque.try_pop());
  }
  void after() {
    for (const int times : taken) HEDDLE_MODEL_CHECK(times <= 1);
    while (item* const left = deque.try_pop()) take(left);
    for (const int times : taken) HEDDLE_MODEL_CHECK(times == 1);
  }
  void take(item* one) {
    if (one == nullptr) return;
    one->content = -1;
    ++taken[one->number];
  }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models(
      "queue/work_stealing_deque.hpp",
      {
          explore<newest_is_taken_out<1>>("the newest is taken out", at_most_switches(4)),
          explore<newest_is_taken_out<2>>("the newest is taken out beside two thieves", at_most_switches(2)),
          explore<last_element>("three reach for the last element", at_most_switches(4)),
          explore<enough_for_all>("who loses a race is told", everything),
          explore<both_ends<1, 2>>("an owner and a thief meet", everything),
          explore<both_ends<2, 2>>("an owner and two thieves meet", at_most_switches(3)),
          explore<both_ends<2, 3>>("an owner and two thieves meet later", at_most_switches(2)),
          explore<pushed_again>("an index is pushed again", at_most_switches(2)),
          explore<emptied_and_filled>("emptied and filled", at_most_switches(2)),
          explore<grows<1>>("grows under a thief", at_most_switches(2)),
          explore<grows<2>>("grows under two thieves", random_runs(50'000)),
          explore<slot_is_reused>("a slot is used again", at_most_switches(2)),
          explore<batch_is_stolen>("a batch is stolen", random_runs(50'000)),
          explore<owner_takes_the_oldest<1>>("the owner takes its oldest, beside a thief", at_most_switches(4)),
          explore<owner_takes_the_oldest<2>>("the owner takes its oldest", at_most_switches(2)),
      },
      {
          {"work_stealing_deque::make_room acquire",
           "it keeps thieves from reading what is written after they went; Relacy reads nothing of the future"},
          {"work_stealing_deque::try_steal total order",
           "of the load of top_; Relacy puts a CAS that happens before a seq_cst load in front of it, but C++20 "
           "does so only if the CAS strongly happens before it"},
      });
  return models.run(argc, argv);
}
