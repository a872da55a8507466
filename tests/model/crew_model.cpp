// SPDX-License-Identifier: MIT
// Who shares work: a worker that parks is called for what is forked from then on, whoever began to work when; guests
// follow each other in a seat, and workers are added, while others rob them.
#include <heddle/scheduling/crew.hpp>
#include <heddle/scheduling/fork_join.hpp>
#include <heddle/scheduling/guest.hpp>
#include <heddle/scheduling/join.hpp>
#include <heddle/scheduling/participant.hpp>
#include <heddle/scheduling/worker.hpp>
#include <heddle/sync/park.hpp>

#include "model/checker.hpp"
#include "model/model.hpp"
#include "model/plain.hpp"

namespace {

using heddle::base::acquire;
using heddle::base::release;
using heddle::queue::stack_slot;
using heddle::scheduling::crew;
using heddle::scheduling::fork_join;
using heddle::scheduling::guest_scope;
using heddle::scheduling::participant;
using heddle::scheduling::run_stolen;
using heddle::scheduling::worker;
using heddle_model::choose;
using heddle_model::model;
using heddle_model::plain;

/// One goes to sleep without having looked around, others fork.
template <class Derived, int ThreadCount>
struct parking_model : model<Derived, ThreadCount> {
  crew home{nullptr, 2, 0, 1};
  heddle::sync::parking_word was_called{0};

  /// Forks a call, and waits in the other one until the sleeper was called for it.
  void fork_for_another(participant& here) {
    auto wait = [this] {
      while (was_called.load(acquire) == 0) heddle::sync::park_until(was_called, 0, heddle::sync::no_deadline);
    };
    auto call = [] {};
    fork_join(here, wait, call);
  }

  /// As the pool does it. Whoever calls has published something.
  void park(worker& self) {
    self.prepare_to_park();
    HEDDLE_MODEL_CHECK(home.idle().park(self.number, self.link, false));
    if (home.beg_of_everybody(self) || something_is_public()) home.call_worker();
    HEDDLE_MODEL_CHECK(self.sleep_until_recalled());
    // Who holds the lock of a stack may be about to publish.
    while (!something_is_public()) heddle::base::pause();
    was_called.store(1, release);
    heddle::sync::unpark_all(&was_called);
  }
  bool something_is_public() {
    return home.each_of_all([](participant& each) { return each.stack.has_public(); });
  }
};

/// It begins to work, or has worked, or has ended to work and begins again.
struct a_worker_forks : parking_model<a_worker_forks, 2> {
  void thread(unsigned index) {
    worker& self = home.worker_at(index);
    if (index != 0) return park(self);
    if (choose(2) == 1) {
      self.begin_work();
      self.end_work();
    }
    self.begin_work();
    fork_for_another(self);
    self.end_work();
  }
};

/// As parallel_invoke() does it for calls that are worth it.
struct a_guest_forks : parking_model<a_guest_forks, 2> {
  void thread(unsigned index) {
    if (index != 0) return park(home.worker_at(index));
    const guest_scope guest(home);
    guest.get()->stack.beg(heddle::queue::beggars::awake);
    fork_for_another(*guest.get());
  }
};

/// One is parked, and another one, who has searched, asks for the forks of a third one before it works on.
struct a_search_ends : model<a_search_ends, 2> {
  crew home{nullptr, 3, 0, 1};
  worker& parked = home.worker_at(2);

  void before() {
    parked.prepare_to_park();
    HEDDLE_MODEL_CHECK(home.idle().park(parked.number, parked.link, false));
    HEDDLE_MODEL_CHECK(home.idle().try_begin_search(1));
  }
  void thread(unsigned index) {
    worker& self = home.worker_at(index);
    if (index != 0) {
      if (home.idle().end_search() && home.somebody_forks_for_place(self)) home.call_worker();
      return;
    }
    self.begin_work();
    auto wait = [this] { HEDDLE_MODEL_CHECK(parked.sleep_until_recalled()); };
    auto call = [] {};
    fork_join(self, wait, call);
    self.end_work();
  }
};

/// One is parked, and another one, who has searched, ends that while a guest has forked and there is no place: until
/// another guest leaves.
struct a_search_ends_without_a_place : model<a_search_ends_without_a_place, 3> {
  crew home{nullptr, 3, 0, 1};
  worker& parked = home.worker_at(2);
  participant* forks = nullptr;
  participant* leaves = nullptr;
  heddle::queue::stack_slot* forked = nullptr;

  void before() {
    heddle_model::current_run.guest_seats = 2;
    parked.prepare_to_park();
    HEDDLE_MODEL_CHECK(home.idle().park(parked.number, parked.link, false));
    HEDDLE_MODEL_CHECK(home.idle().try_begin_search(1));
    forks = home.try_lease_guest();
    leaves = home.try_lease_guest();
    HEDDLE_MODEL_CHECK(home.take_place(home.worker_at(0)));
    forked = forks->stack.push(nullptr, nullptr);
  }
  void thread(unsigned index) {
    if (index == 0) {
      if (home.idle().end_search() && home.somebody_forks_for_place(home.worker_at(0))) home.call_worker();
    } else if (index == 1) {
      home.release_guest(*leaves);
    } else {
      HEDDLE_MODEL_CHECK(parked.sleep_until_recalled());
    }
  }
  void after() {
    HEDDLE_MODEL_CHECK(forks->stack.try_pop(forked));
    home.release_guest(*forks);
  }
};

/// The same, and a worker forks while the search ends, which has a place and sleeps in its call.
struct a_fork_comes_without_a_place : model<a_fork_comes_without_a_place, 3> {
  crew home{nullptr, 3, 0, 1};
  worker& parked = home.worker_at(2);
  participant* leaves = nullptr;

  void before() {
    heddle_model::current_run.guest_seats = 2;
    parked.prepare_to_park();
    HEDDLE_MODEL_CHECK(home.idle().park(parked.number, parked.link, false));
    HEDDLE_MODEL_CHECK(home.idle().try_begin_search(1));
    leaves = home.try_lease_guest();
    HEDDLE_MODEL_CHECK(home.take_place(home.worker_at(0)));
    HEDDLE_MODEL_CHECK(home.take_place(home.worker_at(1)));
  }
  void thread(unsigned index) {
    if (index == 0) {
      if (home.idle().end_search() && home.somebody_forks_for_place(home.worker_at(0))) home.call_worker();
    } else if (index == 1) {
      home.release_guest(*leaves);
    } else {
      worker& self = home.worker_at(1);
      self.begin_work();
      auto wait = [this] { HEDDLE_MODEL_CHECK(parked.sleep_until_recalled()); };
      auto call = [] {};
      fork_join(self, wait, call);
      self.end_work();
    }
  }
};

/// A guest takes the place of one of two workers, and a second one that of the other, who has it until it asks again.
struct guests_take_places : model<guests_take_places, 2> {
  crew home{nullptr, 2, 0, 0};
  bool helps[2] = {false, false};

  void before() {
    heddle_model::current_run.guest_seats = 2;
    HEDDLE_MODEL_CHECK(home.try_lease_guest() != nullptr);
  }
  void thread(unsigned index) { helps[index] = home.take_place(home.worker_at(index)); }
  void after() {
    HEDDLE_MODEL_CHECK(helps[0] != helps[1] && !home.places().has_one() && !home.places().are_overfull());
    worker& helper = home.worker_at(helps[0] ? 0 : 1);
    HEDDLE_MODEL_CHECK(home.take_place(helper));
    HEDDLE_MODEL_CHECK(home.try_lease_guest() != nullptr);
    HEDDLE_MODEL_CHECK(home.places().are_overfull() && !home.take_place(helper) && !home.may_help_loops(helper));
  }
};

/// A worker is parked, and there is room for two guests, who have all places then.
template <class Derived, int ThreadCount>
struct guests_model : model<Derived, ThreadCount> {
  crew home{nullptr, 2, 0, 1};

  void before() {
    heddle_model::current_run.guest_seats = 2;
    worker& parked = home.worker_at(0);
    parked.prepare_to_park();
    HEDDLE_MODEL_CHECK(home.idle().park(parked.number, parked.link, false));
  }
  /// Forks a call for the worker, and waits in the other one until that was called.
  void fork_for_parked(participant& guest) {
    auto publish_and_wait = [&] {
      guest.stack.publish();
      home.call_thief();
      HEDDLE_MODEL_CHECK(home.worker_at(0).sleep_until_recalled());
    };
    auto call = [] {};
    fork_join(guest, publish_and_wait, call);
  }
};

/// One of them has something for the worker, but another one has the place.
struct a_guest_leaves : guests_model<a_guest_leaves, 2> {
  void thread(unsigned index) {
    const guest_scope guest(home);
    if (index == 0) fork_for_parked(*guest.get());
  }
};

/// They leave, and another one that follows has something for the worker.
struct a_guest_follows : guests_model<a_guest_follows, 3> {
  participant* guests[2] = {};

  void before() {
    guests_model::before();
    for (participant*& each : guests) each = home.try_lease_guest();
    if (choose(2) == 1) static_cast<void>(home.places().ask());
    home.each_of_all([](participant& each) {
      each.stack.beg(heddle::queue::beggars::asleep);
      return false;
    });
  }
  void thread(unsigned index) {
    if (index != 0) return home.release_guest(*guests[index - 1]);
    participant* const guest = home.try_lease_guest();
    if (guest == nullptr) return;
    fork_for_parked(*guest);
    home.release_guest(*guest);
  }
};

template <class Derived, int ThreadCount>
struct robbing_model : model<Derived, ThreadCount> {
  crew home{nullptr, 1, 1, 1};

  /// Others may take the call, which is made once.
  static void fork(participant& here) {
    plain<int> done{0};
    auto publish = [&] { here.stack.publish(); };
    auto call = [&] { done = done + 1; };
    fork_join(here, publish, call);
    HEDDLE_MODEL_CHECK(done == 1);
  }
  void rob(worker& self) {
    home.rob_somebody(self, [&self](participant& other) {
      stack_slot* const stolen = other.stack.try_steal();
      if (stolen != nullptr) run_stolen(self, other, *stolen);
      return stolen != nullptr;
    });
  }
};

/// The first one makes the record, and the other one uses it, or finds no room.
struct guests_follow_each_other : robbing_model<guests_follow_each_other, 2> {
  void thread(unsigned) {
    if (participant* const guest = home.try_lease_guest()) {
      fork(*guest);
      home.release_guest(*guest);
    }
  }
};

/// It holds out its hand, too.
struct a_worker_is_added : robbing_model<a_worker_is_added, 2> {
  void thread(unsigned index) {
    if (index == 0) {
      if (worker* const waiting = home.reserve_hand()) waiting->hand.withdraw();
      return rob(home.worker_at(0));
    }
    worker& added = home.add_worker();
    added.hand.open();
    home.announce_hand(added);
    fork(added);
    HEDDLE_MODEL_CHECK(!added.hand.close());
  }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models({"scheduling/crew.hpp", "scheduling/guest_seats.hpp", "scheduling/loop_places.hpp",
                  "scheduling/worker.hpp", "scheduling/fork_join.hpp"},
                 {
                     explore<a_worker_forks>("a worker forks", at_most_switches(1)),
                     explore<a_guest_forks>("a guest forks", random_runs(100'000)),
                     explore<a_search_ends>("a search ends", at_most_switches(2)),
                     explore<a_search_ends_without_a_place>("a search ends without a place", at_most_switches(1)),
                     explore<guests_take_places>("guests take places", everything),
                     explore<a_fork_comes_without_a_place>("a fork comes without a place", random_runs(200'000)),
                     explore<a_guest_leaves>("a guest leaves", random_runs(100'000)),
                     explore<a_guest_follows>("a guest follows", at_most_switches(2, 100'000)),
                     explore<guests_follow_each_other>("guests follow each other", at_most_switches(3)),
                     explore<a_worker_is_added>("a worker is added", at_most_switches(2)),
                 },
                 {
                     {"crew::reserve_hand acquire", "the reservation acquires what the worker did before"},
                     {"crew::announce_hand release", "the open hand releases it"},
                     {"guest_seats::try_lease acquire", "the barrier behind it acquires too, but not for a compiler"},
                     {"guest_seats::try_lease barrier",
                      "a guest that has something worth it calls somebody, whether it was begged of or not"},
                     {"loop_places::ask release", "no search that ends in time reaches the fork that it shows"},
                     {"worker::recall_as release", "who takes the worker off the list has put a full barrier before"},
                     {"worker::sleep_until_recalled acquire", "a worker that sees nothing yet looks again"},
                 });
  return models.run(argc, argv);
}
