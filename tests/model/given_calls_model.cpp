// SPDX-License-Identifier: MIT
// Calls that a worker was given: one thread has each at a time, whatever the worker says and when.
#include <heddle/base/atomic.hpp>
#include <heddle/process/given_calls.hpp>

#include "model/checker.hpp"
#include "model/model.hpp"

namespace {

using heddle::base::plain;
using heddle::process::given_calls;
using heddle_model::model;

struct call {
  plain<unsigned> content{0};
};

/// One thread sends a call and reads it to do so; another one looks for answers, of which the worker may say anything
/// at any time, and changes what it takes.
template <class Derived, unsigned Threads>
struct given_and_taken : model<Derived, Threads> {
  given_calls<call> given;
  call first;
  unsigned ends = 0;  // how often somebody has had it alone

  void write(bool by_pieces) {
    first.content = 5;
    if (by_pieces) given.begin_writing(1);
    given.put(1, first);
    if (!by_pieces) return;
    HEDDLE_MODEL_CHECK(first.content == 5);  // it is still being written
    given.end_writing();
  }
  void end(call& taken) {
    HEDDLE_MODEL_CHECK(taken.content == 5);
    taken.content = 0;
    ++ends;
  }
  void receive() {
    call* const taken = given.take(1);
    if (taken == nullptr) return;
    if (given.is_being_written(1)) return given.put_back(1, *taken);
    end(*taken);
    given.end_reading();
  }
};

struct an_answer_at_any_time : given_and_taken<an_answer_at_any_time, 2> {
  void thread(unsigned index) {
    if (index == 1) return receive();
    write(false);
  }
};

struct an_answer_before_all_is_written : given_and_taken<an_answer_before_all_is_written, 2> {
  void thread(unsigned index) {
    if (index == 0) return write(true);
    receive();
    receive();
  }
};

/// What was taken comes back, as where its worker has failed half way through a result.
struct a_place_is_kept : given_and_taken<a_place_is_kept, 2> {
  call later;

  void thread(unsigned index) {
    if (index == 0) {
      write(false);
      constexpr auto same_place = 1 + heddle::process::task_slots::capacity;
      if (given.has_place(same_place)) given.put(same_place, later);
    } else if (call* const taken = given.take(1)) {
      given.put_back(1, *taken);
      HEDDLE_MODEL_CHECK(given.look(1) == taken);
    }
  }
};

struct an_answer_to_what_was_taken_back : given_and_taken<an_answer_to_what_was_taken_back, 2> {
  void thread(unsigned index) {
    if (index == 1) return receive();
    write(false);
    if (given.try_take(1, first)) end(first);
  }
  void after() { HEDDLE_MODEL_CHECK(ends == 1); }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models("process/given_calls.hpp",
                 {
                     explore<an_answer_at_any_time>("an answer at any time", everything),
                     explore<an_answer_before_all_is_written>("an answer before all is written", everything),
                     explore<a_place_is_kept>("a place is kept", everything),
                     explore<an_answer_to_what_was_taken_back>("an answer to what was taken back", everything),
                 },
                 {});
  return models.run(argc, argv);
}
