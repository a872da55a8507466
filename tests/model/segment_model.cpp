// SPDX-License-Identifier: MIT
// The spare segment: what is given is taken at most once, and only when its giver is done with it.
#include <heddle/queue/segment.hpp>

#include "model/checker.hpp"
#include "model/model.hpp"
#include "model/numbered_job.hpp"

namespace {

using heddle::queue::segment;
using heddle::queue::spare_segment;
using heddle_model::model;
using heddle_model::numbered_job;

/// Thread 0 gives segments that it has just written to, thread 1 writes to those that it takes. A segment that both
/// have is a race, one that nobody has a leak.
struct giving_and_taking : model<giving_and_taking, 2> {
  spare_segment spare;
  numbered_job some;

  void thread(unsigned index) {
    for (int i = 0; i < 2; ++i) {
      if (index == 0) {
        auto* const emptied = new segment;
        emptied->slots[0] = &some;
        emptied->next = emptied;
        emptied->end = 1;
        spare.give(emptied);
      } else {
        segment* const taken = spare.take_or_make();
        HEDDLE_MODEL_CHECK(taken->next == nullptr && taken->end == segment::capacity);
        taken->slots[0] = &some;
        delete taken;
      }
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models("queue/segment.hpp", {explore<giving_and_taking>("one gives, one takes", everything)}, {});
  return models.run(argc, argv);
}
