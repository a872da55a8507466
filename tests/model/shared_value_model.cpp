// SPDX-License-Identifier: MIT
// A value with many owners: the last one destroys it, after everybody's last use.
#include <heddle/base/shared_value.hpp>
#include <optional>

#include "model/checker.hpp"
#include "model/model.hpp"
#include "model/plain.hpp"

namespace {

using heddle::base::shared_value;
using heddle_model::model;
using heddle_model::plain;

/// Each thread has a copy, makes another and lets both go.
struct three_owners : model<three_owners, 3> {
  struct fields {
    plain<int> shared{7};
    plain<int> own[3];
  };
  std::optional<shared_value<fields>> owners[3];

  void before() {
    owners[0].emplace(std::in_place);
    owners[1] = owners[0];
    owners[2] = owners[0];
  }

  void thread(unsigned index) {
    {
      const shared_value<fields> copy = *owners[index];
      HEDDLE_MODEL_CHECK(copy->shared == 7);
      copy->own[index] = 1;
    }
    owners[index].reset();
  }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models("base/shared_value.hpp", {explore<three_owners>("three owners copy and go", everything)}, {});
  return models.run(argc, argv);
}
