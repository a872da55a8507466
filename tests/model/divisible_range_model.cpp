// SPDX-License-Identifier: MIT
// A range whose owner takes from the front while others cut off its back: every item goes to exactly one of them.
#include <cstdint>
#include <heddle/base/spin_lock.hpp>
#include <heddle/queue/divisible_range.hpp>
#include <mutex>

#include "model/checker.hpp"
#include "model/model.hpp"

namespace {

using heddle::base::section;
using heddle::base::spin_lock;
using heddle::queue::cutter;
using heddle::queue::divisible_range;
using heddle_model::heavy_barriers;
using heddle_model::model;

/// Thread 0 owns [0, Size).
template <class Derived, int ThreadCount, int Size>
struct range_model : model<Derived, ThreadCount> {
  spin_lock lock;
  divisible_range range{0, Size};
  int taken[Size] = {};

  void note(section items) {
    HEDDLE_MODEL_CHECK(items.first <= items.last && items.last <= Size);
    for (std::uint64_t i = items.first; i < items.last; ++i) ++taken[i];
  }
  /// What a loop does: grains of `most` items until none is left.
  void take_all(std::uint64_t most) {
    for (;;) {
      const section grain = range.take(most, lock);
      if (grain.size() == 0) break;
      note(grain);
    }
  }
  void cut(cutter who) {
    const std::lock_guard held(lock);
    note(range.cut(who));
  }
  void after() {
    for (const int times : taken) HEDDLE_MODEL_CHECK(times == 1);
  }
};

template <int Size, int Grain, heavy_barriers Barriers>
struct owner_and_cutter : range_model<owner_and_cutter<Size, Grain, Barriers>, 2, Size> {
  void before() { heddle_model::have_heavy_barriers(Barriers); }
  void thread(unsigned index) { index == 0 ? this->take_all(Grain) : this->cut(cutter::other); }
};

/// Both cut; between two grains the owner does too.
struct all_cut : range_model<all_cut, 3, 4> {
  void thread(unsigned index) {
    if (index != 0) return cut(cutter::other);
    note(range.take(1, lock));
    cut(cutter::owner);
    take_all(2);
  }
};

/// As a loop that finds its range cut goes on with what is left of it.
struct owner_takes_the_rest : range_model<owner_takes_the_rest, 2, 4> {
  void before() { heddle_model::have_heavy_barriers(heavy_barriers::some); }
  void thread(unsigned index) {
    if (index != 0) {
      cut(cutter::other);
      return cut(cutter::other);
    }
    note(range.take(1, lock));
    if (range.was_cut()) note(range.take(UINT64_MAX, lock));
    take_all(1);
  }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models(
      "queue/divisible_range.hpp",
      {
          explore<owner_and_cutter<2, 1, heavy_barriers::all>>("two items, one by one", at_most_switches(4)),
          explore<owner_and_cutter<5, 2, heavy_barriers::all>>("five items by two", at_most_switches(3)),
          explore<owner_and_cutter<3, 1, heavy_barriers::some>>("barriers that may fail", at_most_switches(3)),
          explore<all_cut>("all cut", at_most_switches(2)),
          explore<owner_takes_the_rest>("the owner takes the rest", at_most_switches(3)),
      },
      {});
  return models.run(argc, argv);
}
