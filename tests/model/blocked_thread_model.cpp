// SPDX-License-Identifier: MIT
// A blocked thread: it wakes when every node was told, and nobody touches its stack afterwards.
#include <heddle/completion/waiter.hpp>
#include <optional>

#include "model/checker.hpp"
#include "model/model.hpp"
#include "model/plain.hpp"

namespace {

using heddle::completion::blocked_thread;
using heddle_model::model;
using heddle_model::plain;

template <unsigned Nodes>
struct one_sleeps : model<one_sleeps<Nodes>, Nodes + 1> {
  std::optional<blocked_thread> frame;
  plain<int> results[Nodes];

  void before() { frame.emplace(Nodes); }

  void thread(unsigned index) {
    if (index < Nodes) {
      results[index] = 42;
      frame->count_down();
      return;
    }
    HEDDLE_MODEL_CHECK(frame->wait_until(heddle::sync::no_deadline));
    frame.reset();
    for (const plain<int>& result : results) HEDDLE_MODEL_CHECK(result == 42);
  }
};

/// The last node is told while the sleeper looks at the clock.
struct the_deadline_passes : model<the_deadline_passes, 2> {
  std::optional<blocked_thread> frame;
  plain<int> result;

  void before() { frame.emplace(1); }

  void thread(unsigned index) {
    if (index == 0) {
      result = 42;
      frame->count_down();
    } else {
      constexpr heddle::sync::deadline some_time{};
      const bool told = frame->wait_until(some_time) || frame->wait_until(heddle::sync::no_deadline);
      frame.reset();
      HEDDLE_MODEL_CHECK(told && result == 42);
    }
  }
};

/// Of two nodes one will not be told, as the sleeper finds out while the other one is.
struct one_is_forgotten : model<one_is_forgotten, 2> {
  std::optional<blocked_thread> frame;
  plain<int> result;

  void before() { frame.emplace(2); }

  void thread(unsigned index) {
    if (index == 0) {
      result = 42;
      frame->count_down();
    } else {
      frame->forget(1);
      if (!frame->was_told()) frame->wait_until(heddle::sync::no_deadline);
      frame.reset();
      HEDDLE_MODEL_CHECK(result == 42);
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models("completion/waiter.hpp",
                 {
                     explore<one_sleeps<1>>("one node wakes", everything),
                     explore<one_sleeps<2>>("the last of two nodes wakes", everything),
                     explore<the_deadline_passes>("the deadline passes", everything),
                     explore<one_is_forgotten>("one of two nodes is forgotten", everything),
                 },
                 {});
  return models.run(argc, argv);
}
