// SPDX-License-Identifier: MIT
// The spin lock: one holder at a time, who sees what the earlier ones wrote.
#include <heddle/base/spin_lock.hpp>
#include <mutex>

#include "model/checker.hpp"
#include "model/model.hpp"
#include "model/plain.hpp"

namespace {

using heddle::base::spin_lock;
using heddle_model::model;
using heddle_model::plain;

template <int Threads, int Turns>
struct counting : model<counting<Threads, Turns>, Threads> {
  spin_lock lock;
  plain<int> count = 0;

  void thread(unsigned) {
    for (int i = 0; i < Turns; ++i) {
      const std::lock_guard guard(lock);
      count = count + 1;
    }
  }
  void after() { HEDDLE_MODEL_CHECK(count == Threads * Turns); }
};

/// try_lock() fails only while somebody holds the lock, and excludes like lock().
struct trying : model<trying, 2> {
  spin_lock lock;
  plain<int> count = 0;
  int successes = 0;

  void thread(unsigned index) {
    if (index == 0) {
      lock.lock();
    } else if (!lock.try_lock()) {
      return;
    }
    count = count + 1;
    ++successes;
    lock.unlock();
  }
  void after() {
    HEDDLE_MODEL_CHECK(count == successes);
    HEDDLE_MODEL_CHECK(lock.try_lock());
  }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models("base/spin_lock.hpp",
                 {
                     explore<counting<2, 2>>("two take turns", at_most_switches(4)),
                     explore<counting<3, 1>>("three compete", at_most_switches(3)),
                     explore<trying>("one tries", everything),
                 },
                 {});
  return models.run(argc, argv);
}
