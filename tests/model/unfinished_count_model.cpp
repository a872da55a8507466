// SPDX-License-Identifier: MIT
// Who waits for jobs, awake or asleep, returns when all have ended and not before, and may free the count at once; who
// sleeps hears of jobs that begin.
#include <heddle/base/spin_lock.hpp>
#include <heddle/scheduling/unfinished_count.hpp>
#include <mutex>
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
    while (!jobs->is_zero()) jobs->sleep(jobs->announce_sleeper());
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

/// Who waits runs the second job, for whose end the first one waits: who looks for it when it has announced that it is
/// about to sleep does not miss it.
template <class Derived, int ThreadCount>
struct who_waits_helps : count_model<Derived, ThreadCount, 3> {
  heddle::base::spin_lock lock;
  plain<int> second = 0;
  heddle::base::atomic<int> second_is_there{0};  // a hint
  heddle::sync::parking_word second_has_ended{0};

  void before() {
    this->jobs.emplace();
    for (int i = 0; i != 2; ++i) this->jobs->begin_one_as_owner();
    // Who wakes for no reason looks again.
    for (bool& each : heddle_model::current_run.woke_for_no_reason) each = true;
  }
  void run_first() {
    {
      const std::lock_guard held(lock);
      second = 1;
      second_is_there.store(1, heddle::base::relaxed);
      this->jobs->begin_one();
    }
    while (second_has_ended.load(acquire) == 0) {
      heddle::sync::park_until(second_has_ended, 0, heddle::sync::no_deadline);
    }
    this->end_job(0);
  }
  void wait_and_help() {
    while (!this->jobs->is_zero()) {
      const std::uint32_t seen = this->jobs->announce_sleeper();
      if (!try_run_second()) this->jobs->sleep(seen);
    }
    this->leave();
  }
  bool try_run_second() {
    if (second_is_there.load(heddle::base::relaxed) == 0) return false;
    {
      const std::lock_guard held(lock);
      HEDDLE_MODEL_CHECK(second == 1);
      second_is_there.store(0, heddle::base::relaxed);
    }
    this->end_job(1);
    second_has_ended.store(1, release);
    heddle::sync::unpark_all(&second_has_ended);
    return true;
  }
};

/// It sleeps already, or not.
template <bool SleepsAlready>
struct who_sleeps_helps : who_waits_helps<who_sleeps_helps<SleepsAlready>, 2> {
  void thread(unsigned index) {
    if (index != 0) return this->wait_and_help();
    this->end_job(2);
    while (SleepsAlready && heddle_model::current_run.sleeping_count == 0) heddle::base::pause();
    this->run_first();
  }
};

/// A third job ends meanwhile, so that there are as many as before.
struct one_begins_and_one_ends : who_waits_helps<one_begins_and_one_ends, 3> {
  void thread(unsigned index) {
    if (index == 0) return run_first();
    index == 1 ? wait_and_help() : end_job(2);
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
                     explore<who_sleeps_helps<true>>("who sleeps helps", at_most_switches(3)),
                     explore<who_sleeps_helps<false>>("who is about to sleep helps", at_most_switches(3)),
                     explore<one_begins_and_one_ends>("one begins and one ends", at_most_switches(2)),
                 },
                 {
                     {"unfinished_count::end acquire", "of the CAS: it succeeds from a value that was acquired"},
                 });
  return models.run(argc, argv);
}
