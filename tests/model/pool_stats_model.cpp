// SPDX-License-Identifier: MIT
// A worker that sleeps: who sees that sees what it did before.
#include <cstdint>
#include <heddle/scheduling/pool_stats.hpp>

#include "model/checker.hpp"
#include "model/model.hpp"
#include "model/plain.hpp"

namespace {

using heddle::scheduling::worker_counts;
using heddle_model::choose;
using heddle_model::model;
using heddle_model::plain;

/// It works, sleeps, is woken and works again; another thread looks whether it sleeps, and reads what it did.
struct one_sleeps : model<one_sleeps, 2> {
  worker_counts counts;
  plain<int> first{0};
  plain<int> second{0};

  void thread(unsigned index) {
    if (index == 0) {
      first = 1;
      counts.parked.add_one_and_publish();
      counts.woken.add_one_and_publish();
      second = 2;
      choose(2) == 1 ? counts.parked.add_one_and_publish() : counts.ended.add_one_and_publish();
      return;
    }
    std::uint64_t before = 0;
    std::uint64_t after = 0;
    if (!counts.is_asleep(before) || !counts.is_asleep(after) || before != after) return;
    HEDDLE_MODEL_CHECK(first == 1);
    if (counts.woken.read_published() != 0 && counts.is_asleep(after)) HEDDLE_MODEL_CHECK(second == 2);
  }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models("scheduling/pool_stats.hpp", {explore<one_sleeps>("one sleeps", everything)}, {});
  return models.run(argc, argv);
}
