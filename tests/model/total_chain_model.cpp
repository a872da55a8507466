// SPDX-License-Identifier: MIT
// The chain of totals: what is known before a chunk is right, whoever found it out, and in the end all is known.
#include <heddle/base/total_chain.hpp>
#include <optional>

#include "model/checker.hpp"
#include "model/model.hpp"
#include "model/plain.hpp"

namespace {

using heddle::base::accumulator;
using heddle::base::total_chain;
using heddle_model::model;
using heddle_model::plain;

using number = plain<int>;

/// Chunk i has the total i + 1; an operation that would show another order.
number after(number a, number b) { return 10 * a.read() + b.read(); }
constexpr int before_chunk[] = {7, 71, 712, 7123};

template <int Threads, int Chunks>
struct chain_model : model<chain_model<Threads, Chunks>, Threads> {
  std::optional<total_chain<number>> totals;

  void before() {
    accumulator<number> init;
    init.begin(before_chunk[0]);
    totals.emplace(static_cast<unsigned>(Chunks), init);
  }

  void bring(unsigned chunk) {
    totals->bring(chunk, number(static_cast<int>(chunk) + 1));
    totals->go_on(&after);
    check_known();
  }

  void check_known() {
    for (unsigned chunk = 0; chunk != Chunks; ++chunk) {
      if (totals->is_known(chunk)) HEDDLE_MODEL_CHECK(totals->before(chunk).value() == before_chunk[chunk]);
    }
  }

  void after_all() {
    totals->go_on(&after);
    HEDDLE_MODEL_CHECK(totals->is_known(Chunks - 1));
    check_known();
    totals.reset();
  }
};

/// Each brings one.
template <int Threads>
struct one_each : chain_model<Threads, Threads> {
  void thread(unsigned index) { this->bring(index); }
  void after() { this->after_all(); }
};

/// Two bring the same, and one of them another one before.
struct helped : chain_model<2, 3> {
  void thread(unsigned index) {
    if (index == 0) bring(1);
    bring(0);
  }
  void after() { after_all(); }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models("base/total_chain.hpp",
                 {
                     explore<one_each<2>>("two bring one each", everything),
                     explore<helped>("two bring the same", at_most_switches(4)),
                     explore<one_each<3>>("three bring one each", at_most_switches(2)),
                 },
                 {});
  return models.run(argc, argv);
}
