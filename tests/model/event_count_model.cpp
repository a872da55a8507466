// SPDX-License-Identifier: MIT
// The event count: whoever waits for a condition is woken when it becomes true, however the two overlap.
#include <heddle/sync/event_count.hpp>

#include "model/checker.hpp"
#include "model/model.hpp"

namespace {

using heddle::base::atomic;
using heddle::base::relaxed;
using heddle::sync::event_count;
using heddle_model::model;

/// The loop of everybody who waits, as the class documents it. A thread that nobody wakes is a deadlock, which is
/// found.
template <class Condition>
void wait_for(event_count& happened, Condition condition) {
  while (!condition()) {
    const event_count::key key = happened.prepare_wait();
    if (condition()) return happened.cancel_wait();
    happened.wait(key);
  }
}

/// The condition is written and read relaxed: the event count alone has to order it.
template <int Waiters>
struct one_event_for_all : model<one_event_for_all<Waiters>, Waiters + 1> {
  event_count happened;
  atomic<int> ready{0};

  void thread(unsigned index) {
    if (index == 0) {
      ready.store(1, relaxed);
      Waiters == 1 ? happened.notify_one() : happened.notify_all();
    } else {
      wait_for(happened, [this] { return ready.load(relaxed) == 1; });
    }
  }
};

/// Two items, a wake-up for each, two threads that take one each. A third of them is the producer.
struct one_wake_for_each_item : model<one_wake_for_each_item, 3> {
  event_count happened;
  atomic<int> items{0};

  void thread(unsigned index) {
    if (index == 0) {
      for (int i = 0; i < 2; ++i) {
        items.fetch_add(1, relaxed);
        happened.notify_one();
      }
    } else {
      wait_for(happened, [this] { return try_take(); });
    }
  }

  bool try_take() {
    int seen = items.load(relaxed);
    while (seen > 0) {
      if (items.compare_exchange_weak(seen, seen - 1, relaxed, relaxed)) return true;
    }
    return false;
  }
};

/// A thread that gives up still counts for a moment, while the other one is to be woken.
struct one_gives_up : model<one_gives_up, 3> {
  event_count happened;
  atomic<int> ready{0};

  void thread(unsigned index) {
    if (index == 0) {
      ready.store(1, relaxed);
      happened.notify_one();
    } else if (index == 1) {
      wait_for(happened, [this] { return ready.load(relaxed) == 1; });
    } else {
      const event_count::key key = happened.prepare_wait();
      happened.wait(key, heddle::sync::deadline{});
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models("sync/event_count.hpp",
                 {
                     explore<one_event_for_all<1>>("one waits", everything),
                     explore<one_event_for_all<2>>("two wait for one event", at_most_switches(4)),
                     explore<one_wake_for_each_item>("a wake-up for each item", at_most_switches(3)),
                     explore<one_gives_up>("one gives up", at_most_switches(4)),
                 },
                 {
                     {"event_count::prepare_wait release", "a notifier reads nothing that a waiter wrote"},
                     {"event_count::raise_epoch acquire", "as above"},
                 });
  return models.run(argc, argv);
}
