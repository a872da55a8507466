// SPDX-License-Identifier: MIT
// The queue of arrivals: what ends arrives once, in order, and wakes its owner; nobody touches what the owner took
// back.
#include <heddle/completion/completion_queue.hpp>
#include <heddle/completion/shared_state.hpp>
#include <heddle/queue/job.hpp>

#include "model/checker.hpp"
#include "model/model.hpp"
#include "model/plain.hpp"

namespace {

using heddle::completion::completion_queue;
using heddle::completion::phase;
using heddle::completion::state_base;
using heddle::sync::no_deadline;
using heddle_model::model;
using heddle_model::plain;

constexpr heddle::sync::deadline some_time{};

/// Something that ends with a result, and stays until the model is over.
struct watched_state : state_base {
  watched_state()
      : state_base([](job&, unsigned, const heddle::queue::refusal*) noexcept {}, nullptr,
                   heddle::completion::state_word::queued::no) {}
  void end() {
    result = 42;
    static_cast<void>(word_.complete(phase::value));
  }
  plain<int> result{0};
};

/// States that a queue watches. Queue and entries have memory of their own, so that who touches them after their end is
/// found.
template <class Derived, int ThreadCount, unsigned Count>
struct arrivals : model<Derived, ThreadCount> {
  watched_state states[Count];
  completion_queue* queue = nullptr;
  completion_queue::entry* entries[Count] = {};
  unsigned arrived[Count] = {};
  unsigned arrived_count = 0;

  void before() {
    queue = new completion_queue;
    for (unsigned i = 0; i < Count; ++i) {
      entries[i] = new completion_queue::entry;
      HEDDLE_MODEL_CHECK(queue->try_watch(*entries[i], states[i]));
    }
  }

  void end(unsigned i) { states[i].end(); }

  void take() {
    for (auto* each = queue->take_arrived(); each != nullptr; each = each->later()) {
      unsigned i = 0;
      while (entries[i] != each) ++i;
      HEDDLE_MODEL_CHECK(!each->is_outstanding() && states[i].result == 42);
      arrived[arrived_count++] = i;
    }
  }
  void take_all() {
    while (queue->outstanding() != 0) {
      HEDDLE_MODEL_CHECK(queue->wait_until(no_deadline));
      take();
    }
    HEDDLE_MODEL_CHECK(arrived_count == Count);
  }
  void give_up() {
    for (auto* each : entries) queue->try_unwatch(*each);
    queue->take_outstanding();
    HEDDLE_MODEL_CHECK(queue->outstanding() == 0);
  }
  /// The owner goes, with all that it has.
  void go() {
    delete queue;
    for (auto* each : entries) delete each;
  }
};

struct one_arrives : arrivals<one_arrives, 2, 1> {
  void thread(unsigned index) {
    if (index == 0) return end(0);
    take_all();
    go();
  }
};

/// One completer after the other, in one thread.
struct two_arrive_in_order : arrivals<two_arrive_in_order, 2, 2> {
  void thread(unsigned index) {
    if (index == 0) {
      end(1);
      end(0);
      return;
    }
    take_all();
    HEDDLE_MODEL_CHECK(arrived[0] == 1 && arrived[1] == 0);
    go();
  }
};

struct two_arrive_at_once : arrivals<two_arrive_at_once, 3, 2> {
  void thread(unsigned index) {
    if (index < 2) return end(index);
    take_all();
    go();
  }
};

/// The deadline passes while something arrives; then the owner sleeps again, at the same place.
struct sleeps_again : arrivals<sleeps_again, 2, 1> {
  void thread(unsigned index) {
    if (index == 0) return end(0);
    if (!queue->wait_until(some_time)) HEDDLE_MODEL_CHECK(queue->wait_until(no_deadline));
    take();
    HEDDLE_MODEL_CHECK(arrived_count == 1);
    go();
  }
};

/// The same, and it gives up instead.
template <unsigned Completers>
struct gives_up : arrivals<gives_up<Completers>, Completers + 1, Completers> {
  void thread(unsigned index) {
    if (index < Completers) return this->end(index);
    if (this->queue->wait_until(some_time)) this->take();
    this->give_up();
    this->go();
  }
};

/// It takes back at once what is about to arrive, and its entry is used again for another state.
struct entry_is_used_again : arrivals<entry_is_used_again, 3, 2> {
  void thread(unsigned index) {
    if (index < 2) return end(index);
    queue->try_unwatch(*entries[0]);
    queue->try_unwatch(*entries[1]);
    queue->take_outstanding();
    if (queue->try_watch(*entries[0], states[1])) {
      HEDDLE_MODEL_CHECK(queue->wait_until(no_deadline));
      HEDDLE_MODEL_CHECK(queue->take_arrived() == entries[0]);
    }
    HEDDLE_MODEL_CHECK(states[1].result == 42);
    go();
  }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models("completion/completion_queue.hpp",
                 {
                     explore<one_arrives>("one arrives", at_most_switches(4)),
                     explore<sleeps_again>("the deadline passes and the owner sleeps again", at_most_switches(4)),
                     explore<gives_up<1>>("the owner gives up", at_most_switches(3)),
                     explore<two_arrive_in_order>("two arrive in order", at_most_switches(2)),
                     explore<two_arrive_at_once>("two arrive at once", at_most_switches(2)),
                     explore<gives_up<2>>("the owner gives up two", random_runs(150'000)),
                     explore<entry_is_used_again>("an entry is used again", random_runs(150'000)),
                 },
                 {});
  return models.run(argc, argv);
}
