// SPDX-License-Identifier: MIT
// The slots of a worker's tasks: each task is claimed or revoked, and never both.
#include <heddle/process/task_slots.hpp>

#include "model/checker.hpp"
#include "model/model.hpp"

namespace {

using heddle::base::plain;
using heddle::process::task_slots;
using heddle_model::model;

/// The program offers tasks and revokes the newest; the worker takes what it finds, and looks a few times. What is
/// written for a task is a plain field, which only one of the two may touch at a time.
template <class Derived, unsigned Tasks>
struct offered_and_taken : model<Derived, 2> {
  task_slots slots;
  plain<unsigned> content[Tasks + 1];
  plain<unsigned> length[Tasks + 1];  // of what was written, which stays
  bool was_revoked[Tasks + 1] = {};
  bool was_claimed[Tasks + 1] = {};
  unsigned passed = 0;

  void offer(unsigned task) {
    content[task] = task;
    length[task] = task;
    slots.offer(task);
  }
  void revoke(unsigned task) {
    was_revoked[task] = slots.try_revoke(task);
    if (was_revoked[task]) content[task] = 0;  // it is the program's again
  }
  void take(unsigned looks) {
    for (unsigned task = 1; looks != 0 && task <= Tasks; --looks) {
      if (!slots.was_offered(task)) continue;
      switch (slots.take(task)) {
        case task_slots::taken::claimed:
          was_claimed[task] = true;
          HEDDLE_MODEL_CHECK(content[task] == task);
          content[task] = 0;
          passed = task++;
          break;
        case task_slots::taken::revoked:
          HEDDLE_MODEL_CHECK(length[task] == task);
          passed = task++;
          break;
        case task_slots::taken::nothing:
          HEDDLE_MODEL_CHECK(false);
      }
    }
  }
  void after() {
    for (unsigned task = 1; task <= Tasks; ++task) {
      HEDDLE_MODEL_CHECK(!(was_claimed[task] && was_revoked[task]));
      HEDDLE_MODEL_CHECK(slots.was_claimed(task) == was_claimed[task]);
      HEDDLE_MODEL_CHECK(task > passed || was_claimed[task] || was_revoked[task]);
    }
  }
};

struct the_newest_is_revoked : offered_and_taken<the_newest_is_revoked, 2> {
  void thread(unsigned index) {
    if (index == 1) return take(3);
    offer(1);
    offer(2);
    revoke(2);
    revoke(1);
  }
};

struct revoked_between : offered_and_taken<revoked_between, 2> {
  void thread(unsigned index) {
    if (index == 1) return take(3);
    offer(1);
    revoke(1);
    offer(2);
  }
};

/// Who finds a task claimed, and no answer to the one before, may kill the worker for that one.
struct answered_before_the_next : model<answered_before_the_next, 2> {
  task_slots slots;
  heddle::base::atomic<bool> has_answered{false};

  void thread(unsigned index) {
    if (index == 0) {
      slots.offer(1);
      slots.offer(2);
      if (!slots.try_revoke(2)) HEDDLE_MODEL_CHECK(has_answered.load(heddle::base::relaxed));
      return;
    }
    for (unsigned looks = 0; looks != 2 && slots.take(1) != task_slots::taken::claimed; ++looks) {
      if (looks == 1) return;
    }
    has_answered.store(true, heddle::base::relaxed);
    static_cast<void>(slots.take(2));
  }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models("process/task_slots.hpp",
                 {
                     explore<the_newest_is_revoked>("the newest is revoked", everything),
                     explore<revoked_between>("revoked between", everything),
                     explore<answered_before_the_next>("answered before the next", everything),
                 },
                 {
                     {"task_slots::try_revoke acquire", "the program wrote the task itself"},
                 });
  return models.run(argc, argv);
}
