// SPDX-License-Identifier: MIT
// The spin lock: one holder at a time, who sees what the one before did.
#include <heddle/base/spin_lock.hpp>
#include <mutex>

#include "model/checker.hpp"
#include "model/model.hpp"
#include "model/plain.hpp"

namespace {

using heddle::base::spin_lock;
using heddle_model::model;
using heddle_model::plain;

/// Every thread adds one to what the lock guards; the last one only if it gets the lock at once.
template <int Threads>
struct guarded_count : model<guarded_count<Threads>, Threads> {
  spin_lock lock;
  plain<int> count{0};
  int additions = 0;

  void thread(unsigned index) {
    if (index + 1 < Threads) {
      const std::lock_guard held(lock);
      add();
    } else if (lock.try_lock()) {
      add();
      lock.unlock();
    }
  }
  void add() {
    count = count + 1;
    ++additions;
  }
  void after() {
    HEDDLE_MODEL_CHECK(count == additions);
    HEDDLE_MODEL_CHECK(lock.try_lock());
  }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models("base/spin_lock.hpp",
                 {
                     explore<guarded_count<2>>("one locks, one tries", everything),
                     explore<guarded_count<3>>("two lock, one tries", at_most_switches(4)),
                 },
                 {});
  return models.run(argc, argv);
}
