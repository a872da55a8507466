// SPDX-License-Identifier: MIT
// The doorbell: whoever waits for another process to write something is woken when it has, however the two overlap.
#include <heddle/process/doorbell.hpp>

#include "model/checker.hpp"
#include "model/model.hpp"

namespace {

using heddle::base::atomic;
using heddle::base::relaxed;
using heddle::process::doorbell;
using heddle_model::model;

/// What is written is written and read relaxed: the bell alone has to order it. A thread that nobody wakes is a
/// deadlock, which is found.
struct waits_at_the_bell {
  static constexpr doorbell::caller patient = 3;
  doorbell bell;
  atomic<int> written{0};

  void write() {
    written.fetch_add(1, relaxed);
    if (bell.ring() != doorbell::nobody) bell.wake();
  }
  /// Of who goes on writing, maybe: those who wait as `patient` are not told.
  void write_one_of_many() {
    written.fetch_add(1, relaxed);
    if (bell.ring_others_than(patient) != doorbell::nobody) bell.wake();
  }
  void wait_for(int count, doorbell::caller who) {
    while (written.load(relaxed) < count) {
      bell.prepare(who);
      if (written.load(relaxed) >= count) {
        bell.cancel();
      } else {
        bell.sleep(who, heddle::sync::no_deadline);
      }
    }
  }
};

struct one_waits : model<one_waits, 2>, waits_at_the_bell {
  void thread(unsigned index) { index == 0 ? write() : wait_for(1, 1); }
};

struct waits_again : model<waits_again, 2>, waits_at_the_bell {
  void thread(unsigned index) {
    if (index == 0) {
      write();
      write();
    } else {
      wait_for(1, 1);
      wait_for(2, 2);
    }
  }
};

/// Who is patient is told of the last.
struct waits_for_many : model<waits_for_many, 2>, waits_at_the_bell {
  void thread(unsigned index) {
    if (index == 0) {
      write_one_of_many();
      write();
    } else {
      wait_for(2, patient);
    }
  }
};

/// And whose patience is over is told of what is written then, though there is no last.
struct waits_no_longer : model<waits_no_longer, 2>, waits_at_the_bell {
  void thread(unsigned index) {
    if (index == 0) {
      write_one_of_many();
    } else {
      bell.prepare(patient);
      wait_for(1, 1);
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models("process/doorbell.hpp",
                 {
                     explore<one_waits>("one waits", everything),
                     explore<waits_again>("waits again", everything),
                     explore<waits_for_many>("waits for many", everything),
                     explore<waits_no_longer>("waits no longer", everything),
                 },
                 {
                     {"doorbell::prepare release", "who rings reads nothing that the waiter wrote"},
                     {"doorbell::ring acquire", "as above"},
                 });
  return models.run(argc, argv);
}
