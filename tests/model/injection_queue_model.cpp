// SPDX-License-Identifier: MIT
// The injection queue with its locks and an event count: no job is lost, popped twice or slept on, closed or not.
#include <heddle/queue/injection_queue.hpp>
#include <heddle/sync/event_count.hpp>

#include <array>
#include <cstddef>
#include <span>

#include "model/checker.hpp"
#include "model/model.hpp"
#include "model/numbered_job.hpp"

namespace {

using heddle::queue::consumer_turns;
using heddle::queue::injection_queue;
using heddle::queue::job;
using heddle::queue::lane;
using heddle::sync::event_count;
using heddle_model::model;
using heddle_model::numbered;
using heddle_model::numbered_job;

template <class Derived, int ThreadCount, int Jobs>
struct queue_model : model<Derived, ThreadCount> {
  injection_queue queue;
  event_count pushed;
  std::array<numbered_job, Jobs> jobs;
  int accepted = 0;
  int popped = 0;
  bool was_popped[Jobs] = {};

  explicit queue_model(std::size_t shards = 1) : queue(shards, 1) {
    for (int i = 0; i < Jobs; ++i) jobs[static_cast<std::size_t>(i)].number = i;
  }

  void push(int number, lane to = lane::normal) {
    numbered_job& added = jobs[static_cast<std::size_t>(number)];
    added.fill();
    if (queue.try_push(added, to)) ++accepted;
    pushed.notify_one();
  }

  void close() {
    queue.close();
    pushed.notify_all();
  }

  bool pop(consumer_turns& turns) {
    job* next = nullptr;
    if (queue.try_pop({&next, 1}, turns) == 0) return false;
    HEDDLE_MODEL_CHECK(numbered(next).is_filled());
    HEDDLE_MODEL_CHECK(!was_popped[numbered(next).number]);
    was_popped[numbered(next).number] = true;
    ++popped;
    return true;
  }

  /// Takes jobs until there are `total`, as a worker does.
  void work(int total) {
    consumer_turns turns;
    while (popped < total) {
      if (pop(turns)) continue;
      const event_count::key key = pushed.prepare_wait();
      if (queue.has_jobs()) {
        pushed.cancel_wait();
      } else {
        pushed.wait(key);
      }
    }
  }

  void work_until_finished() {
    consumer_turns turns;
    for (;;) {
      if (pop(turns)) continue;
      const event_count::key key = pushed.prepare_wait();
      const bool finished = queue.finished();
      if (queue.has_jobs() || finished) {
        pushed.cancel_wait();
        if (finished) return;
      } else {
        pushed.wait(key);
      }
    }
  }
};

/// The consumer finds nothing, clears the mark and sleeps, at every moment of a push.
struct consumer_sleeps : queue_model<consumer_sleeps, 2, 3> {
  void thread(unsigned index) {
    if (index == 0) return work(3);
    for (int i = 0; i < 3; ++i) push(i);
  }
};

struct two_produce : queue_model<two_produce, 3, 2> {
  void thread(unsigned index) {
    if (index == 0) return work(2);
    push(static_cast<int>(index) - 1);
  }
};

struct two_produce_into_two_shards : queue_model<two_produce_into_two_shards, 3, 2> {
  two_produce_into_two_shards() : queue_model(2) {}
  void thread(unsigned index) {
    if (index == 0) return work(2);
    push(static_cast<int>(index) - 1, index == 1 ? lane::high : lane::background);
  }
};

struct two_consume : queue_model<two_consume, 3, 2> {
  void before() { push(0); }
  void thread(unsigned index) {
    consumer_turns turns(index);
    if (index == 0) {
      push(1);
    } else {
      while (pop(turns)) {
      }
    }
  }
  void after() {
    consumer_turns turns;
    while (pop(turns)) {
    }
    HEDDLE_MODEL_CHECK(popped == 2);
    HEDDLE_MODEL_CHECK(!queue.has_jobs());
  }
};

/// Every push comes before the closing, and is worked off, or fails.
template <int Shards>
struct closing : queue_model<closing<Shards>, 3, 1> {
  closing() : closing::queue_model(Shards) {}
  void thread(unsigned index) {
    if (index == 0) return this->work_until_finished();
    if (index == 1) return this->push(0);
    this->close();
  }
  void after() {
    HEDDLE_MODEL_CHECK(this->popped == this->accepted);
    HEDDLE_MODEL_CHECK(this->queue.finished());
  }
};

/// Who learns from finished() alone that the queue is closed knows of every push.
struct finished_is_final : queue_model<finished_is_final, 3, 1> {
  bool seemed_finished = false;
  void thread(unsigned index) {
    if (index == 0) {
      seemed_finished = queue.finished();
    } else if (index == 1) {
      push(0);
    } else {
      close();
    }
  }
  void after() { HEDDLE_MODEL_CHECK(!seemed_finished || accepted == 0); }
};

/// A shard is closed for somebody, so the others are for everybody who hears of it.
struct closing_is_one_step : queue_model<closing_is_one_step, 3, 2> {
  heddle::base::atomic<bool> refused{false};
  closing_is_one_step() : queue_model(2) {}
  void thread(unsigned index) {
    if (index == 0) {
      queue.close();
    } else if (index == 1) {
      const bool heard = refused.load(heddle::base::acquire);
      const bool accepted_after = queue.try_push(jobs[1]);
      HEDDLE_MODEL_CHECK(!heard || !accepted_after);
    } else if (!queue.try_push(jobs[0])) {  // into the shard that close() comes to first
      refused.store(true, heddle::base::release);
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models("queue/injection_queue.hpp",
                 {
                     explore<consumer_sleeps>("the consumer sleeps", at_most_switches(3)),
                     explore<two_produce>("two produce", at_most_switches(2)),
                     explore<two_produce_into_two_shards>("two produce into two shards", at_most_switches(2)),
                     explore<two_consume>("two consume", at_most_switches(2)),
                     explore<closing<1>>("closing", at_most_switches(3)),
                     explore<closing<2>>("closing two shards", at_most_switches(2)),
                     explore<finished_is_final>("finished is final", at_most_switches(3)),
                     explore<closing_is_one_step>("closing is one step", at_most_switches(3)),
                 },
                 {});
  return models.run(argc, argv);
}
