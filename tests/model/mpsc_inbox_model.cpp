// SPDX-License-Identifier: MIT
// The inbox of an event loop: every job arrives once, in its producer's order, and wakes the loop if it sleeps.
#include <heddle/queue/mpsc_inbox.hpp>
#include <heddle/sync/event_count.hpp>

#include "model/checker.hpp"
#include "model/model.hpp"
#include "model/plain.hpp"

namespace {

using heddle::queue::job;
using heddle::queue::job_list;
using heddle::queue::mpsc_inbox;
using heddle::sync::event_count;
using heddle_model::model;
using heddle_model::plain;

/// Job number `number` of its producer, which writes the content before it pushes.
struct numbered_job : job {
  numbered_job(unsigned its_producer, int its_number)
      : job([](job&, unsigned, const heddle::queue::refusal*) noexcept {}),
        producer(its_producer),
        number(its_number) {}
  unsigned producer;
  int number;
  plain<int> content;
};

/// Thread 0 takes all that the others push: JobCount jobs each.
template <class Derived, int Producers, int JobCount>
struct inbox_model : model<Derived, Producers + 1> {
  static constexpr int total = Producers * JobCount;
  mpsc_inbox inbox;
  int arrived[Producers] = {};
  int arrived_in_all = 0;

  void take() {
    job_list taken = inbox.take_all();
    while (job* const next = taken.try_pop()) {
      auto* const it = static_cast<numbered_job*>(next);
      HEDDLE_MODEL_CHECK(it->number == arrived[it->producer]);
      HEDDLE_MODEL_CHECK(it->content == it->number);
      ++arrived[it->producer];
      ++arrived_in_all;
      delete it;
    }
  }

  /// Returns what push() returns: whether the inbox was empty.
  bool push(unsigned producer, int number) {
    auto* const made = new numbered_job(producer, number);
    made->content = number;
    return inbox.push(*made);
  }

  void after() { HEDDLE_MODEL_CHECK(arrived_in_all == total); }
};

struct two_produce : inbox_model<two_produce, 2, 2> {
  void thread(unsigned index) {
    if (index == 0) {
      take();
      take();
    } else {
      for (int i = 0; i < 2; ++i) push(index - 1, i);
    }
  }
  void after() {
    take();  // what came after the second look
    inbox_model::after();
  }
};

/// As an event loop uses it: only who pushes into the empty inbox wakes, and the loop sleeps only when it is empty.
template <int Producers, int JobCount>
struct loop_sleeps : inbox_model<loop_sleeps<Producers, JobCount>, Producers, JobCount> {
  event_count pushed;

  void thread(unsigned index) {
    if (index > 0) {
      for (int i = 0; i < JobCount; ++i) {
        if (this->push(index - 1, i)) pushed.notify_one();
      }
      return;
    }
    while (this->arrived_in_all < this->total) {
      this->take();
      if (this->arrived_in_all == this->total) return;
      const event_count::key key = pushed.prepare_wait();
      if (this->inbox.empty()) {
        pushed.wait(key);
      } else {
        pushed.cancel_wait();
      }
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models("queue/mpsc_inbox.hpp",
                 {
                     explore<two_produce>("two produce", at_most_switches(3)),
                     explore<loop_sleeps<1, 2>>("the loop sleeps, one produces", at_most_switches(4)),
                     explore<loop_sleeps<2, 1>>("the loop sleeps, two produce", at_most_switches(3)),
                 },
                 {});
  return models.run(argc, argv);
}
