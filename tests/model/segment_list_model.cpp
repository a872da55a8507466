// SPDX-License-Identifier: MIT
// A list of jobs in segments: the two ends and sweeps, at the same time, without any lock.
#include <algorithm>
#include <array>
#include <cstddef>
#include <heddle/queue/segment_list.hpp>

#include "model/checker.hpp"
#include "model/model.hpp"
#include "model/numbered_job.hpp"

namespace {

using heddle::queue::job;
using heddle::queue::segment_list_back;
using heddle::queue::segment_list_front;
using heddle::queue::spare_segment;
using heddle_model::model;
using heddle_model::numbered;
using heddle_model::numbered_job;

/// Jobs with the numbers from 0 on; segments have room for two here.
template <class Derived, int Jobs>
struct list_model : model<Derived, 2> {
  spare_segment spare;
  segment_list_back back;
  segment_list_front front{back};
  std::array<numbered_job, Jobs> jobs;
  int pushed = 0;
  int last_popped = -1;
  int gone = 0;  // popped or swept

  list_model() {
    for (int i = 0; i < Jobs; ++i) jobs[static_cast<std::size_t>(i)].number = i;
  }

  void push(int count) {
    for (int i = 0; i < count; ++i) {
      numbered_job& added = jobs[static_cast<std::size_t>(pushed++)];
      added.fill();
      back.push(added, spare);
    }
  }

  /// At most `most` jobs in a batch.
  void pop(std::size_t most) {
    std::array<job*, Jobs> buffer{};
    const std::size_t taken = (std::min)(front.count(1), most);
    front.pop(std::span(buffer).first(taken), spare);
    for (job* one : std::span(buffer).first(taken)) {
      HEDDLE_MODEL_CHECK(numbered(one).number > last_popped);
      HEDDLE_MODEL_CHECK(numbered(one).is_filled());
      last_popped = numbered(one).number;
      ++gone;
    }
  }

  /// Those with an even number are dead.
  void sweep() {
    int last_asked = last_popped;
    const auto is_even = [&](job& one) {
      HEDDLE_MODEL_CHECK(numbered(&one).number > last_asked);
      HEDDLE_MODEL_CHECK(numbered(&one).is_filled());
      last_asked = numbered(&one).number;
      return numbered(&one).number % 2 == 0;
    };
    gone += static_cast<int>(front.sweep(is_even, spare));
  }

  void after() {
    while (front.count(1) != 0) pop(Jobs);
    HEDDLE_MODEL_CHECK(gone == Jobs);
  }
};

/// The first segment is full and its jobs have been popped, so that it is given back and used again meanwhile.
struct segments_go_round : list_model<segments_go_round, 6> {
  void before() {
    push(2);
    pop(2);
  }
  void thread(unsigned index) {
    if (index == 0) {
      push(4);
    } else {
      pop(1);
      pop(2);
      pop(1);
    }
  }
};

struct a_row_is_pushed : list_model<a_row_is_pushed, 4> {
  void before() { push(1); }
  void thread(unsigned index) {
    if (index == 1) return pop(4);
    std::array<job*, 3> row{};
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = &jobs[i + 1];
      jobs[i + 1].fill();
    }
    back.push(std::span<job* const>(row), spare);
  }
};

struct sweep_meets_push : list_model<sweep_meets_push, 6> {
  void before() {
    push(4);
    pop(1);
  }
  void thread(unsigned index) {
    if (index == 0) {
      push(2);
    } else {
      sweep();
      pop(2);
      sweep();
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models("queue/segment_list.hpp",
                 {
                     explore<segments_go_round>("segments go round", at_most_switches(4)),
                     explore<a_row_is_pushed>("a row is pushed", everything),
                     explore<sweep_meets_push>("a sweep meets a push", at_most_switches(4)),
                 },
                 {});
  return models.run(argc, argv);
}
