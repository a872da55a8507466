// SPDX-License-Identifier: MIT
// Who waits for jobs, awake or asleep, returns when all have ended and not before, and may free the count at once; who
// sleeps hears of jobs that begin.
#include <heddle/scheduling/unfinished_count.hpp>
#include <optional>

#include "model/checker.hpp"
#include "model/model.hpp"
#include "model/plain.hpp"

namespace {

using heddle::base::acquire;
using heddle::base::release;
using heddle::scheduling::unfinished_count;
using heddle_model::model;
using heddle_model::plain;

/// Jobs write results, which who has waited reads.
template <class Derived, int ThreadCount, int Jobs>
struct count_model : model<Derived, ThreadCount> {
  std::optional<unfinished_count> jobs;
  plain<int> results[Jobs];

  void before() { jobs.emplace(); }

  void end_job(int number) {
    results[number] = 1;
    jobs->end(1);
  }
  void wait() {
    while (!jobs->is_zero()) jobs->sleep();
  }
  void leave() {
    jobs.reset();
    for (const plain<int>& each : results) HEDDLE_MODEL_CHECK(each == 1);
  }
};

/// The owner has begun them and runs one of them itself, if there are so many, which it counts when the others ended.
template <int Ended, int Uncounted>
struct owner_waits : count_model<owner_waits<Ended, Uncounted>, Ended + 1, Ended + Uncounted> {
  void before() {
    this->jobs.emplace();
    for (int i = 0; i != Ended + Uncounted; ++i) this->jobs->begin_one_as_owner();
  }
  void thread(unsigned index) {
    if (index != 0) return this->end_job(static_cast<int>(index) - 1);
    if (Uncounted != 0) {
      this->results[Ended] = 1;
      while (!this->jobs->is_zero(Uncounted)) heddle::base::pause();
      this->jobs->end(Uncounted);
    }
    this->wait();
    this->leave();
  }
};

/// A job of the owner begins another one, which somebody else runs; a third one waits.
template <bool ByOwner>
struct a_job_begins_another : count_model<a_job_begins_another<ByOwner>, 3, 2> {
  heddle::sync::parking_word second_is_there{0};
  void before() {
    this->jobs.emplace();
    this->jobs->begin_one_as_owner();
  }
  void thread(unsigned index) {
    if (index == 0) {
      ByOwner ? this->jobs->begin_one_as_owner() : this->jobs->begin_one();
      second_is_there.store(1, release);
      heddle::sync::unpark_all(&second_is_there);
      this->end_job(0);
    } else if (index == 1) {
      while (second_is_there.load(acquire) == 0) {
        heddle::sync::park_until(second_is_there, 0, heddle::sync::no_deadline);
      }
      this->end_job(1);
    } else {
      this->wait();
      this->leave();
    }
  }
};

/// The owner begins one more and sleeps; who ends the first one may not know of it.
struct owner_begins_one_more : count_model<owner_begins_one_more, 3, 2> {
  heddle::base::atomic<int> second_is_there{0};
  void before() {
    jobs.emplace();
    jobs->begin_one_as_owner();
  }
  void thread(unsigned index) {
    if (index == 0) {
      jobs->begin_one_as_owner();
      second_is_there.store(1, release);
      wait();
      leave();
    } else if (index == 1) {
      while (second_is_there.load(acquire) == 0) heddle::base::pause();
      end_job(1);
    } else {
      end_job(0);
    }
  }
};

/// Who sleeps already runs the second job, for whose end the first one waits.
struct who_sleeps_helps : count_model<who_sleeps_helps, 2, 2> {
  plain<int> input;
  heddle::base::atomic<int> second_is_there{0};
  heddle::sync::parking_word second_has_ended{0};
  void before() {
    jobs.emplace();
    jobs->begin_one_as_owner();
    heddle_model::current_run.woke_for_no_reason[1] = true;  // it would not look again before it sleeps on
  }
  void thread(unsigned index) {
    if (index == 0) {
      while (heddle_model::current_run.sleeping_count == 0) heddle::base::pause();
      input = 1;
      second_is_there.store(1, heddle::base::relaxed);  // released with the count
      jobs->begin_one();
      while (second_has_ended.load(acquire) == 0) {
        heddle::sync::park_until(second_has_ended, 0, heddle::sync::no_deadline);
      }
      end_job(0);
    } else {
      while (!jobs->is_zero()) {
        second_is_there.exchange(0, heddle::base::relaxed) != 0 ? run_second() : jobs->sleep();
      }
      leave();
    }
  }
  void run_second() {
    HEDDLE_MODEL_CHECK(input == 1);
    end_job(1);
    second_has_ended.store(1, release);
    heddle::sync::unpark_all(&second_has_ended);
  }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models("scheduling/unfinished_count.hpp",
                 {
                     explore<owner_waits<1, 0>>("the owner waits for a job", everything),
                     explore<owner_waits<1, 1>>("the owner counts one of its own last", at_most_switches(4)),
                     explore<owner_waits<2, 0>>("the owner waits for two jobs", at_most_switches(3)),
                     explore<a_job_begins_another<true>>("a job of the owner begins another one", at_most_switches(2)),
                     explore<a_job_begins_another<false>>("a job begins another one", at_most_switches(1)),
                     explore<owner_begins_one_more>("the owner begins one more", at_most_switches(2)),
                     explore<who_sleeps_helps>("who sleeps helps", at_most_switches(4)),
                 },
                 {
                     {"unfinished_count::end acquire", "of the CAS: it succeeds from a value that was acquired"},
                     {"unfinished_count::sleep acquire", "of the load: the CAS makes up for it"},
                     {"unfinished_count::sleep acquire", "of the CAS: the load has made up for it"},
                     {"unfinished_count::sleep acquire on failure", "the CAS that succeeds makes up for it"},
                 });
  return models.run(argc, argv);
}
