// SPDX-License-Identifier: MIT
// A loop that is divided while it runs: each item is run once, whoever has it; the failure of the lowest one counts;
// those who wait for what others run are not left alone with it.
#include <cstdint>
#include <heddle/scheduling/adaptive_loop.hpp>
#include <heddle/scheduling/cost_hint.hpp>
#include <heddle/scheduling/crew.hpp>
#include <heddle/scheduling/fork_join.hpp>
#include <heddle/scheduling/join.hpp>
#include <heddle/scheduling/loop_body.hpp>
#include <heddle/scheduling/open_hand.hpp>
#include <heddle/scheduling/participant.hpp>
#include <heddle/scheduling/worker.hpp>
#include <heddle/sync/park.hpp>

#include "model/checker.hpp"
#include "model/model.hpp"
#include "model/plain.hpp"

namespace {

using heddle::base::acquire;
using heddle::base::release;
using heddle::queue::beggars;
using heddle::queue::stack_slot;
using heddle::scheduling::adaptive_loop;
using heddle::scheduling::cost_hint;
using heddle::scheduling::crew;
using heddle::scheduling::fork_join;
using heddle::scheduling::loop_body;
using heddle::scheduling::open_hand;
using heddle::scheduling::participant;
using heddle::scheduling::run_stolen;
using heddle::scheduling::worker;
using heddle_model::choose;
using heddle_model::heavy_barriers;
using heddle_model::model;
using heddle_model::plain;
using std::chrono::microseconds;

/// Each thread is a worker; the first one runs a loop.
template <class Derived, int ThreadCount, int Size>
struct loop_model : model<Derived, ThreadCount> {
  crew home{nullptr, ThreadCount, 0, 4};
  cost_hint hint;
  plain<int> times[Size];  // that the item was run

  loop_model() {
    for (plain<int>& each : times) each = 0;
  }

  worker& here() { return home.worker_at(rl::thread_index()); }
  worker& runner() { return home.worker_at(0); }

  void expect_cost(microseconds of_item) { hint.learn(1, of_item); }

  void run_item(std::uint64_t item) { times[item] = times[item] + 1; }
  void run_loop() {
    worker& self = here();
    participant::current::set(&self);
    self.begin_work();
    auto body = [this](std::uint64_t first, std::uint64_t last, std::uint64_t& at) {
      for (at = first; at != last; ++at) static_cast<Derived*>(this)->run_item(at);
    };
    adaptive_loop loop(loop_body(body), hint);
    loop.run(self, Size);
  }
  void check_items(int count = Size) {
    for (int i = 0; i != count; ++i) HEDDLE_MODEL_CHECK(times[i] == 1);
  }

  bool steal() {
    worker& self = here();
    participant::current::set(&self);
    stack_slot* const stolen = runner().stack.try_steal();
    if (stolen != nullptr) run_stolen(self, runner(), *stolen);
    return stolen != nullptr;
  }
  bool beg_and_steal() {
    runner().stack.beg(beggars::awake);
    return steal();
  }
  bool expose_and_steal() {
    if (runner().stack.has_private()) static_cast<void>(runner().stack.try_expose());
    return steal();
  }
};

/// A thief begs, and takes a half.
struct a_thief_begs : loop_model<a_thief_begs, 2, 3> {
  void before() { expect_cost(microseconds(1)); }
  void thread(unsigned index) {
    if (index == 0) {
      run_loop();
      return check_items();
    }
    beg_and_steal();
  }
};

/// It does not ask. The loop is too short to call anybody.
template <heavy_barriers Barriers>
struct a_thief_exposes : loop_model<a_thief_exposes<Barriers>, 2, 3> {
  void before() {
    this->expect_cost(microseconds(1));
    heddle_model::current_run.wake_latency = microseconds(500);
    heddle_model::have_heavy_barriers(Barriers);
  }
  void thread(unsigned index) {
    if (index == 0) {
      this->run_loop();
      return this->check_items();
    }
    this->expose_and_steal();
  }
};

/// More items, and a thief that comes twice.
struct a_thief_comes_again : loop_model<a_thief_comes_again, 2, 6> {
  void before() {
    expect_cost(microseconds(1));
    // Grains grow, or stay, or shrink.
    heddle_model::current_run.between_looks = std::chrono::nanoseconds(500 << (3 * choose(3)));
    if (choose(2) == 1) heddle_model::have_heavy_barriers(heavy_barriers::some);
  }
  void thread(unsigned index) {
    if (index == 0) {
      run_loop();
      return check_items();
    }
    for (int i = 0; i != 2; ++i) choose(2) == 0 ? beg_and_steal() : expose_and_steal();
  }
};

/// An item runs a loop, an item of which forks: all of them are shown to others, who take none or some.
struct loops_nest : loop_model<loops_nest, 2, 3> {
  cost_hint inner_hint;
  plain<int> inner_times[2] = {0, 0};
  plain<int> forked = 0;

  void before() {
    expect_cost(microseconds(1));
    inner_hint.learn(1, microseconds(1));
    heddle_model::current_run.wake_latency = microseconds(500);
  }
  void run_item(std::uint64_t item) {
    times[item] = times[item] + 1;
    if (item != 0) return;
    auto body = [this](std::uint64_t first, std::uint64_t last, std::uint64_t& at) {
      for (at = first; at != last; ++at) run_inner_item(at);
    };
    adaptive_loop loop(loop_body(body), inner_hint);
    loop.run(here(), 2);
  }
  void run_inner_item(std::uint64_t item) {
    inner_times[item] = inner_times[item] + 1;
    if (item != 0) return;
    here().stack.beg(beggars::awake);
    auto call = [] {};
    auto other = [this] { forked = forked + 1; };
    fork_join(here(), call, other);
  }
  void thread(unsigned index) {
    if (index == 0) {
      run_loop();
      check_items();
      HEDDLE_MODEL_CHECK(inner_times[0] == 1 && inner_times[1] == 1 && forked == 1);
      return;
    }
    steal();
  }
};

/// Nothing is known of the items, so the loop is halved beforehand.
struct few_items : loop_model<few_items, 2, 4> {
  void thread(unsigned index) {
    if (index == 0) {
      run_loop();
      return check_items();
    }
    beg_and_steal();
    expose_and_steal();
  }
};

/// Items throw: what a loop without threads would have thrown is thrown, and all before that is run.
template <bool IsKnown>
struct items_throw : loop_model<items_throw<IsKnown>, 2, 4> {
  static constexpr std::uint64_t first_to_throw = 1;
  void before() {
    if (IsKnown) this->expect_cost(microseconds(1));
  }
  void run_item(std::uint64_t item) {
    this->times[item] = this->times[item] + 1;
    if (item >= first_to_throw) throw item;
  }
  void thread(unsigned index) {
    if (index != 0) {
      this->beg_and_steal();
      this->expose_and_steal();
      return;
    }
    std::uint64_t thrown = UINT64_MAX;
    try {
      this->run_loop();
    } catch (std::uint64_t item) {
      thrown = item;
    }
    HEDDLE_MODEL_CHECK(thrown == first_to_throw);
    this->check_items(first_to_throw + 1);
    for (plain<int>& each : this->times) HEDDLE_MODEL_CHECK(each <= 1);
  }
};

/// Items that wait for another one, which somebody else has to run meanwhile.
template <class Derived, int Size>
struct needing_model : loop_model<Derived, 2, Size> {
  heddle::sync::parking_word was_run[Size] = {};
  heddle::base::atomic<int> is_over{0};

  void note(std::uint64_t item) {
    this->times[item] = this->times[item] + 1;
    was_run[item].store(1, release);
    heddle::sync::unpark_all(&was_run[item]);
  }
  void wait_for(std::uint64_t item) {
    while (was_run[item].load(acquire) == 0) {
      heddle::sync::park_until(was_run[item], 0, heddle::sync::no_deadline);
    }
  }
  void run_to_the_end() {
    this->run_loop();
    this->check_items();
    is_over.store(1, release);
  }
  void steal_until_the_end() {
    while (is_over.load(acquire) == 0) {
      if (!this->expose_and_steal()) heddle::base::pause();
    }
  }
};

/// Of what is left to the runner when others had a part, too.
struct rest_is_needed : needing_model<rest_is_needed, 5> {
  void before() { expect_cost(microseconds(1)); }
  void run_item(std::uint64_t item) {
    if (item == 0) wait_for(4);
    if (item == 1) wait_for(2);
    note(item);
  }
  void thread(unsigned index) { index == 0 ? run_to_the_end() : steal_until_the_end(); }
};

/// A worker parks, and has to be called.
struct a_sleeper_is_needed : needing_model<a_sleeper_is_needed, 3> {
  void before() {
    if (choose(2) == 1) expect_cost(microseconds(1));
  }
  void run_item(std::uint64_t item) {
    if (item == 0) wait_for(2);
    note(item);
  }
  void thread(unsigned index) {
    if (index == 0) return run_to_the_end();
    worker& self = here();
    self.prepare_to_park();
    HEDDLE_MODEL_CHECK(home.idle().park(self.number, self.link, false));
    if (home.beg_of_everybody(self) || runner().stack.has_public()) home.call_worker();
    HEDDLE_MODEL_CHECK(self.sleep_until_recalled());
    steal_until_the_end();
  }
};

/// A worker holds out its hand, until it is given something or the loop is over. For those who sleep the loop is too
/// short.
struct a_hand_is_open : loop_model<a_hand_is_open, 2, 4> {
  heddle::base::atomic<int> is_over{0};
  void before() {
    expect_cost(microseconds(4));
    heddle_model::current_run.wake_latency = microseconds(500);
  }
  void thread(unsigned index) {
    if (index == 0) {
      run_loop();
      check_items();
      return is_over.store(1, release);
    }
    worker& self = here();
    participant::current::set(&self);
    self.hand.open();
    home.announce_hand(self);
    if (choose(2) == 1) runner().stack.beg(beggars::awake);
    while (!self.hand.is_full() && is_over.load(acquire) == 0) heddle::base::pause();
    if (const open_hand::gift given = self.hand.close()) serve(self, *given.owner, *given.task);
  }
};

/// A worker sleeps. The loop has nothing for it when it answers at last; what comes after the loop has.
struct sleepers_wait_for_more : loop_model<sleepers_wait_for_more, 2, 5> {
  void before() {
    expect_cost(microseconds(4));
    heddle_model::current_run.wake_latency = microseconds(500);
    heddle_model::current_run.between_looks = microseconds(1000);
    worker& parked = home.worker_at(1);
    parked.prepare_to_park();
    HEDDLE_MODEL_CHECK(home.idle().park(parked.number, parked.link, false));
  }
  void run_item(std::uint64_t item) {
    if (item == 0) runner().stack.beg(beggars::asleep);
    times[item] = times[item] + 1;
  }
  void thread(unsigned index) {
    if (index != 0) return;
    run_loop();
    check_items();
    HEDDLE_MODEL_CHECK(home.idle().somebody_is_parked());
    auto wait = [this] { HEDDLE_MODEL_CHECK(home.worker_at(1).sleep_until_recalled()); };
    auto call = [] {};
    fork_join(runner(), wait, call);
  }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models("scheduling/adaptive_loop.hpp",
                 {
                     explore<a_thief_begs>("a thief begs", at_most_switches(1)),
                     explore<a_thief_exposes<heavy_barriers::all>>("a thief exposes", at_most_switches(1)),
                     explore<a_thief_exposes<heavy_barriers::some>>("a thief's barriers fail", at_most_switches(2)),
                     explore<a_thief_comes_again>("a thief comes again", random_runs(50'000)),
                     explore<loops_nest>("loops nest", random_runs(30'000)),
                     explore<few_items>("few items", random_runs(30'000)),
                     explore<items_throw<true>>("items throw", random_runs(30'000)),
                     explore<items_throw<false>>("few items throw", random_runs(30'000)),
                     explore<a_hand_is_open>("a hand is open", random_runs(30'000)),
                     explore<rest_is_needed>("the rest is needed", random_runs(20'000)),
                     explore<a_sleeper_is_needed>("a sleeper is needed", random_runs(20'000)),
                     explore<sleepers_wait_for_more>("sleepers wait for more", at_most_switches(1)),
                 },
                 {});
  return models.run(argc, argv);
}
