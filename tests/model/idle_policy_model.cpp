// SPDX-License-Identifier: MIT
// Who is woken: no work is left while everybody sleeps, and everybody is told that there will be no more.
#include <cstdint>
#include <heddle/scheduling/idle_policy.hpp>
#include <heddle/sync/park.hpp>

#include "model/checker.hpp"
#include "model/model.hpp"

namespace {

using heddle::base::atomic;
using heddle::base::relaxed;
using heddle::scheduling::idle_policy;
using heddle::scheduling::parked_link;
using heddle_model::model;

/// Workers that look for work, search, park and call each other as those of a pool do, `MostSearching` of them at a
/// time; work is a number. All that the policy does not order itself is relaxed.
template <class Derived, int ThreadCount, int Workers, int MostSearching = 1>
struct pool_model : model<Derived, ThreadCount> {
  struct worker {
    parked_link link;
    atomic<std::uint32_t> recalled{0};  // 1: to search, 2: to end
  };

  idle_policy idle;
  worker workers[Workers];
  atomic<int> work{0};
  atomic<int> ended{0};

  void add_work() {
    work.fetch_add(1, relaxed);
    call_worker();
  }

  void call_worker() {
    const std::uint32_t number = take_one_to_wake();
    if (number != 0) recall(workers[number - 1], 1);
  }

  std::uint32_t take_one_to_wake() {
    const auto link_of = [this](std::uint32_t parked) -> parked_link& {
      HEDDLE_MODEL_CHECK(parked <= Workers);
      return workers[parked - 1].link;
    };
    return idle.take_one_to_wake(link_of, MostSearching);
  }

  void end() {
    ended.store(1, relaxed);
    call_all_to_end();
  }

  void call_all_to_end() {
    std::uint32_t number = idle.take_all();
    while (number != 0) {
      HEDDLE_MODEL_CHECK(number <= Workers);
      worker& called = workers[number - 1];
      number = called.link.next.load(relaxed);
      recall(called, 2);
    }
  }

  static void recall(worker& called, std::uint32_t why) {
    called.recalled.store(why, relaxed);
    heddle::sync::unpark_all(&called.recalled);
  }

  bool try_take() {
    int seen = work.load(relaxed);
    while (seen > 0) {
      if (work.compare_exchange_weak(seen, seen - 1, relaxed, relaxed)) return true;
    }
    return false;
  }

  /// Works until told to end; a worker that nobody tells is a deadlock, which is found.
  void run_worker(std::uint32_t number) {
    bool searching = false;
    unsigned looks = 0;
    for (;;) {
      if (try_take()) {
        if (searching && idle.end_search() && work.load(relaxed) > 0) call_worker();
        searching = false;
        looks = 0;
        static_cast<Derived*>(this)->run_piece();
      } else if (ended.load(relaxed) != 0) {
        break;
      } else if (looks++ == 1 || !(searching || (searching = idle.try_begin_search(MostSearching)))) {
        searching = park(number, searching);
        looks = 0;
      }
    }
    if (searching) static_cast<void>(idle.end_search());
  }

  bool park(std::uint32_t number, bool searching) {
    worker& self = workers[number - 1];
    self.recalled.store(0, relaxed);
    const bool nobody_searches = idle.park(number, self.link, searching);
    if (ended.load(relaxed) != 0) {
      call_all_to_end();
    } else if (nobody_searches && work.load(relaxed) > 0) {
      call_worker();
    }
    for (;;) {
      const std::uint32_t why = self.recalled.load(relaxed);
      if (why != 0) return why == 1;
      heddle::sync::park_until(self.recalled, 0, heddle::sync::no_deadline);
    }
  }
};

/// Thread 0 adds `Pieces` pieces of work one after the other, and they all get done.
template <int Workers, int Pieces, int MostSearching = 1>
struct work_is_done : pool_model<work_is_done<Workers, Pieces, MostSearching>, Workers + 1, Workers, MostSearching> {
  int pieces_done = 0;

  void thread(unsigned index) {
    if (index != 0) return this->run_worker(index);
    for (int i = 0; i < Pieces; ++i) this->add_work();
  }
  void run_piece() {
    if (++pieces_done == Pieces) this->end();
  }
  void after() { HEDDLE_MODEL_CHECK(pieces_done == Pieces); }
};

/// Two pieces of work, each of which goes on until the other one has begun: a worker that sleeps while one is left and
/// nobody searches is a deadlock.
template <int MostSearching>
struct pieces_need_each_other : pool_model<pieces_need_each_other<MostSearching>, 3, 2, MostSearching> {
  heddle::sync::parking_word begun{0};

  void thread(unsigned index) {
    if (index != 0) return this->run_worker(index);
    this->add_work();
    this->add_work();
  }
  void run_piece() {
    if (begun.fetch_add(1, relaxed) == 1) {
      heddle::sync::unpark_all(&begun);
      return this->end();
    }
    while (begun.load(relaxed) == 1) heddle::sync::park_until(begun, 1, heddle::sync::no_deadline);
  }
};

/// The end comes from outside, and with no work at all.
template <int Workers>
struct all_are_told_to_end : pool_model<all_are_told_to_end<Workers>, Workers + 1, Workers> {
  void thread(unsigned index) { index != 0 ? this->run_worker(index) : this->end(); }
  static void run_piece() {}
};

/// Two workers are parked; two threads wake: they take different ones, in whatever order the list is, and not while the
/// other one searches.
struct two_wake : pool_model<two_wake, 2, 3> {
  std::uint32_t taken[2] = {};
  int searching = 0;

  void before() {
    for (std::uint32_t number = 1; number <= 2; ++number)
      static_cast<void>(idle.park(number, workers[number - 1].link, false));
  }
  void thread(unsigned index) {
    if (index == 1) static_cast<void>(idle.park(3, workers[2].link, false));
    taken[index] = take_one_to_wake();
    if (taken[index] == 0) return;
    HEDDLE_MODEL_CHECK(++searching == 1);
    HEDDLE_MODEL_CHECK(idle.somebody_searches());
    --searching;
    static_cast<void>(idle.end_search());
  }
  void after() {
    // Only who was told that somebody searches already has nobody.
    HEDDLE_MODEL_CHECK(taken[0] != 0 || taken[1] != 0);
    HEDDLE_MODEL_CHECK(taken[0] != taken[1]);
    unsigned seen = (1U << taken[0]) | (1U << taken[1]);
    std::uint32_t left = idle.take_all();
    while (left != 0) {
      HEDDLE_MODEL_CHECK((seen & (1U << left)) == 0);
      seen |= 1U << left;
      left = workers[left - 1].link.next.load(relaxed);
    }
    HEDDLE_MODEL_CHECK((seen | 1U) == 0b1111);
  }
};

/// While one thread wakes, another one wakes both that are parked, the first of which parks again: the list looks as
/// before, but the second one is not on it any more.
struct list_looks_as_before : pool_model<list_looks_as_before, 2, 2> {
  std::uint32_t woken = 0;
  bool parked[3] = {};

  void before() {
    park_again(1);
    park_again(2);
  }
  void thread(unsigned index) {
    if (index == 0) {
      woken = wake();
      return;
    }
    const std::uint32_t first = wake();
    if (first == 0) return;
    static_cast<void>(idle.end_search());
    if (wake() != 0) static_cast<void>(idle.end_search());
    park_again(first);
  }
  std::uint32_t wake() {
    const std::uint32_t taken = take_one_to_wake();
    HEDDLE_MODEL_CHECK(taken == 0 || parked[taken]);
    parked[taken] = false;
    return taken;
  }
  void park_again(std::uint32_t number) {
    parked[number] = true;
    static_cast<void>(idle.park(number, workers[number - 1].link, false));
  }
  void after() {
    if (woken != 0) static_cast<void>(idle.end_search());
    while (wake() != 0) static_cast<void>(idle.end_search());
    HEDDLE_MODEL_CHECK(!parked[1] && !parked[2]);
  }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models(
      "scheduling/idle_policy.hpp",
      {
          explore<two_wake>("two wake", at_most_switches(3)),
          explore<list_looks_as_before>("the list looks as before", at_most_switches(2)),
          explore<work_is_done<1, 1>>("one worker, one piece", at_most_switches(3)),
          explore<work_is_done<1, 2>>("one worker, two pieces", at_most_switches(2)),
          explore<all_are_told_to_end<2>>("all are told to end", at_most_switches(1)),
          explore<work_is_done<2, 2>>("two workers, two pieces", at_most_switches(1)),
          explore<work_is_done<2, 2, 2>>("two search, two pieces", at_most_switches(1)),
          explore<pieces_need_each_other<1>>("pieces need each other", at_most_switches(1)),
          explore<pieces_need_each_other<2>>("two search for pieces that need each other", at_most_switches(1)),
      },
      {
          {"idle_policy::take_one_to_wake acquire",
           "that of a CAS which succeeds: what it read was acquired before, but GCC wants no failure that is "
           "stronger than success"},
      });
  return models.run(argc, argv);
}
