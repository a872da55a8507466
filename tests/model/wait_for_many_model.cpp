// SPDX-License-Identifier: MIT
// A thread waits for two states: it wakes when it shall, and nobody touches its frame afterwards.
#include <heddle/completion/wait_for_many.hpp>
#include <heddle/future.hpp>

#include <exception>
#include <optional>

#include "model/checker.hpp"
#include "model/model.hpp"
#include "model/plain.hpp"

namespace {

using heddle::future;
using heddle::promise;
using heddle::completion::phase;
using heddle::completion::state_base;
using heddle::completion::wait_for_all;
using heddle::completion::wait_for_one;
using heddle::sync::no_deadline;
using heddle_model::choose;
using heddle_model::model;
using heddle_model::plain;

constexpr heddle::sync::deadline some_time{};

template <class Derived, int ThreadCount>
struct two_states : model<Derived, ThreadCount> {
  using number = plain<int>;
  std::optional<promise<number>> promises[2];
  std::optional<future<number>> futures[2];
  state_base* states[2] = {};

  void before() {
    for (unsigned i = 0; i < 2; ++i) {
      promises[i].emplace();
      futures[i].emplace(promises[i]->get_future());
      states[i] = &heddle::future_access::state_of(*futures[i]);
    }
  }
  void end(unsigned i) { promises[i]->set_value(42); }
  void check_value(unsigned i) { HEDDLE_MODEL_CHECK(futures[i]->done() && futures[i]->result() == 42); }
};

/// The last of two decrements is not lost.
struct all_are_done : two_states<all_are_done, 3> {
  void thread(unsigned index) {
    if (index < 2) return end(index);
    wait_for_all::until(no_deadline, states);
    check_value(0);
    check_value(1);
  }
};

/// One thread ends both while the other one's deadline passes.
struct the_deadline_passes : two_states<the_deadline_passes, 2> {
  void thread(unsigned index) {
    if (index == 0) {
      end(0);
      end(1);
      return;
    }
    wait_for_all::until(some_time, states);
    for (auto& each : futures) each.reset();
  }
};

/// The first one that is done ends the wait, also if it is done as the wait begins.
struct the_first_is_done : two_states<the_first_is_done, 2> {
  unsigned ended = 0;
  void before() {
    two_states::before();
    ended = choose(2);
  }
  void thread(unsigned index) {
    if (index == 0) return end(ended);
    wait_for_one(no_deadline, states, nullptr, [](const state_base&) { return true; });
    check_value(ended);
  }
};

/// A failure ends the wait, a value and a cancellation before it do not.
struct the_first_fails : two_states<the_first_fails, 2> {
  bool failed = false;
  void thread(unsigned index) {
    if (index == 0) {
      if (choose(2) == 0) {
        end(0);
      } else {
        futures[0]->cancel();
      }
      failed = true;
      promises[1]->set_exception(std::make_exception_ptr(1));
      return;
    }
    wait_for_one(no_deadline, states, nullptr, [](const state_base& of) { return of.current() == phase::error; });
    HEDDLE_MODEL_CHECK(failed && futures[1]->done());
  }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models("",
                 {
                     explore<the_first_is_done>("the first is done", at_most_switches(2)),
                     explore<the_deadline_passes>("the deadline passes", at_most_switches(1)),
                     explore<the_first_fails>("the first fails", at_most_switches(1)),
                     explore<all_are_done>("all are done", at_most_switches(1)),
                 },
                 {});
  return models.run(argc, argv);
}
